"""Divides the GPUs of a machine among processes that train at the same time, each of which would take all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

from cxrtui.resources import nvml_handle

Share = tuple[int, int]
"""The number of a process, from 0, and how many there are."""
ALONE: Share = (0, 1)
ADDED: Share = (0, 0)
"""The share of a process that is added to others whose shares are not known."""
_VISIBLE, _MEMORY = "CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_MEM_FRACTION"
_USED = 0.9  # of a GPU's memory, by all processes on it together
_UNUSED = 0.9  # of its memory, free where no process computes on it
_RESERVED = 0.75  # of the memory of each GPU that it sees; JAX reserves that if nothing else is set


def environment(share: Share, taken: Mapping[str, float] | None = None) -> dict[str, str]:
    """Return the variables with which a process has its share of the GPUs; none without GPUs, or for one process.

    Processes that are as many as the GPUs or fewer have GPUs of their own. If they are more, several share one, and
    each reserves an equal part of its memory; a part that the user has set stays. One that is `ADDED` has the GPUs
    whose memory is free, or most of what is free on one.

    Args:
        share: of the process.
        taken: which share of each GPU's memory others will reserve, though it may be free yet.

    >>> environment((0, 1))
    {}
    """
    if share == ADDED:
        return _spare(taken or {})
    index, count = share
    gpus = _gpus() if count > 1 else []
    if not gpus:
        return {}
    if count <= len(gpus):
        return {_VISIBLE: ",".join(gpus[index::count])}
    together = -(-count // len(gpus))
    memory = {} if _MEMORY in os.environ else {_MEMORY: f"{_USED / together:.2f}"}
    return {_VISIBLE: gpus[index % len(gpus)], **memory}


def reserved(variables: Mapping[str, str]) -> dict[str, float]:
    """Return which share of the memory of each GPU a process with these variables will reserve."""
    names = _named(variables[_VISIBLE]) if _VISIBLE in variables else _gpus()
    part = _RESERVED
    with suppress(ValueError):
        part = float(variables.get(_MEMORY) or os.environ.get(_MEMORY, ""))
    return dict.fromkeys(names, part)


def _spare(taken: Mapping[str, float]) -> dict[str, str]:
    free = {name: _free(name) for name in _gpus()}
    if not free or None in free.values():
        return {}
    known = {name: min(share, 1 - taken.get(name, 0.0)) for name, share in free.items() if share is not None}
    if unused := [name for name, share in known.items() if share > _UNUSED]:
        return {_VISIBLE: ",".join(unused)}
    most = max(known, key=known.__getitem__)
    return {_VISIBLE: most, **({} if _MEMORY in os.environ else {_MEMORY: f"{_USED * max(0.0, known[most]):.2f}"})}


def _free(name: str) -> float | None:
    """Return which share of a GPU's memory is free; None if it is not known."""
    import pynvml

    if (handle := nvml_handle(name)) is None:
        return None
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError:
        return None
    return float(memory.free / memory.total)


def _gpus() -> list[str]:
    """Return the names of the NVIDIA GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    if (named := os.environ.get(_VISIBLE)) is not None:
        return _named(named)
    import pynvml

    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        return [str(number) for number in range(pynvml.nvmlDeviceGetCount())]
    return []


def _named(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
