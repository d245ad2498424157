"""Runs a command on one core and in 2 GiB of memory, and says what it took at its peak.

    python benchmarks/small.py cxrtui --workspace /tmp/small demo
    python benchmarks/small.py --gib 4 cxrtui --headless train --data films/ --init random

Where the user may make a control group (root, cgroups(7) of version 1 or 2), it holds the command and all its processes
to the memory, so that the kernel ends what takes more; elsewhere the memory is only watched. The peak is the sum of the
proportional set sizes of all processes, read five times a second. The seconds are of the processor.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

_GROUPS = (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"))


def group_of(limit: int) -> Path | None:
    """Return a new control group with a limit in bytes, or None if none can be made."""
    for root, name in _GROUPS:
        folder = Path(root) / f"cxrtui-small-{os.getpid()}"
        with suppress(OSError):
            folder.mkdir()
            try:
                (folder / name).write_text(str(limit))
                return folder
            except OSError:
                folder.rmdir()
    return None


def taken(process: psutil.Process) -> int:
    """Return the proportional set size of a process and its children, in bytes."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            total += one.memory_full_info().pss
    return total


def main() -> None:
    """Run the command and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=2.0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    group = group_of(int(options.gib * 2**30))

    def enter() -> None:
        os.sched_setaffinity(0, {0})
        if group is not None:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    started, peak = time.monotonic(), 0
    child = subprocess.Popen(options.command, preexec_fn=enter)
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(child.pid)
        while child.poll() is None:
            peak = max(peak, taken(process))
            time.sleep(0.2)
    code = child.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    held = "in a control group" if group is not None else "not held to it"
    seconds = f"{used.ru_utime + used.ru_stime:.0f} s of the processor, {time.monotonic() - started:.0f} s by the clock"
    print(f"exit {code}: peak {peak / 2**30:.2f} GiB of {options.gib:g} ({held}), {seconds}", file=sys.stderr)
    with suppress(OSError):
        if group is not None:
            group.rmdir()
    sys.exit(code)


if __name__ == "__main__":
    main()
