"""The output of ``doctor``: versions, devices, memory and the terminal."""

from __future__ import annotations

from cxrtui.console import abilities


def print_doctor() -> None:
    """Print what is found on this machine, one line for each thing."""
    import psutil

    from cxrtui import resources
    from cxrtui.net import backend
    from cxrtui.runner import versions
    from cxrtui.runs.size import size_of, size_text
    from cxrtui.workspace import cache_root

    for name, version in versions().items():
        print(f"{name:<22} {version}")
    device = backend.describe_device()
    memory = f", {device['memory_bytes'] / 2**30:.0f} GiB" if device["memory_bytes"] else ""
    print(f"{'device':<22} {device['count']} × {device['kind']} ({device['platform']}){memory}")
    if device["platform"] == "cpu":
        print(f"{'':<22} for an NVIDIA GPU: pip install 'cxrtui[cuda]'")
    print(f"{'cores':<22} {_allowed(resources.cores(), psutil.cpu_count() or 1, '{}')}")
    total, there = resources.total_memory() / 2**30, psutil.virtual_memory().total / 2**30
    free = f"{resources.free_memory() / 2**30:.1f} GiB free of "
    print(f"{'memory':<22} {free}{_allowed(total, there, '{:.1f} GiB')}")
    print(f"{'compiled programs in':<22} {backend.prepare() or 'nowhere: the cache folder cannot be written'}")
    print(f"{'prepared films in':<22} {cache_root() / 'prepared'}")
    features = cache_root() / "features"
    print(f"{'features in':<22} {features} ({size_text(size_of(features))})")
    for name, text in abilities.lines():
        print(f"{name:<22} {text}")


def _allowed(allowed: float, there: float, form: str) -> str:
    """Return what this process may use, and what the machine has if that is more."""
    text = form.format(allowed)
    if allowed >= there:
        return text
    return f"{text}, as its container, job or affinity allows; the machine has {form.format(there)}"
