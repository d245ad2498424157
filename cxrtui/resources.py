"""How many cores and how much memory this process may use: those of the machine, or fewer in a container or a job.

A machine's own numbers mislead where a container, Slurm or `taskset` allows less: too many threads take turns on few
cores, and what takes too much memory is killed without a word. Linux tells the limits by the CPUs that the process may
run on and by its control groups, of version 1 or 2 (cgroups(7)); a group's limits hold for the groups below it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from cxrtui.files import read_text

SMALL = 4 << 30
"""Bytes: where there is less memory, one program is compiled at a time, weights are read again and not
kept, and pages are small (`memory`)."""
_PROC = Path("/proc")
_MOST = 1 << 20  # bytes of a file of the kernel's


def cores(proc: Path = _PROC) -> int:
    """Return the number of cores that this process may keep busy, at least 1; a part of a core counts as one."""
    number = cpus()
    for group in _groups("cpu", proc):
        quota = _quota(group)
        if quota is not None:
            number = min(number, max(1, -(-quota[0] // quota[1])))
    return number


def cpus() -> int:
    """Return the number of CPUs that this process may run on, which is what libraries find by themselves."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def total_memory(proc: Path = _PROC) -> int:
    """Return the bytes of memory that this process and those beside it in its control groups may take together."""
    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _limits(proc))])


def is_small() -> bool:
    """Return whether this process may use less memory than `SMALL`."""
    return total_memory() < SMALL


def free_memory(proc: Path = _PROC) -> int:
    """Return the bytes of memory that are free for this process; what the kernel keeps of files counts as free."""
    free = [limit - max(0, used) for limit, used in _limits(proc)]
    return max(0, min([int(psutil.virtual_memory().available), *free]))


def own_memory() -> int:
    """Return the bytes of memory that this process has now."""
    return int(psutil.Process().memory_info().rss)


def nvml_handle(name: str) -> Any:
    """Return NVML's handle of a GPU, of which ``CUDA_VISIBLE_DEVICES`` has the name; None if NVML does not know it."""
    import pynvml

    try:
        pynvml.nvmlInit()
        if name.isdecimal():
            return pynvml.nvmlDeviceGetHandleByIndex(int(name))
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    except pynvml.NVMLError:  # no driver of NVIDIA, or a name such as that of a part of a GPU
        return None


def _limits(proc: Path) -> Iterator[tuple[int, int]]:
    """Yield limit and use, in bytes, of each control group with a limit that this process is in."""
    for group in _groups("memory", proc):
        limits = [_number(group / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        known = [limit for limit in limits if limit is not None]
        used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes") or 0
        if known:
            yield min(known), used - _kept_of_files(group)


def _kept_of_files(group: Path) -> int:
    """Return the bytes of files that the kernel keeps in memory for `group` and drops when there is need."""
    found = dict(line.split(maxsplit=1) for line in _read(group / "memory.stat").splitlines() if " " in line)
    with suppress(ValueError):
        # Version 1 counts the groups below under other names; version 2 always does.
        total = "total_" if "total_inactive_file" in found else ""
        return int(found.get(f"{total}inactive_file", 0)) + int(found.get(f"{total}active_file", 0))
    return 0


def _quota(group: Path) -> tuple[int, int] | None:
    """Return the microseconds of processor time that `group` may use in a period, and the period; None: any."""
    words = _read(group / "cpu.max").split()
    if not words:
        words = [_read(group / name).strip() for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]
    with suppress(ValueError, IndexError):  # "max" is no number
        quota, period = int(words[0]), int(words[1])
        return (quota, period) if quota > 0 and period > 0 else None
    return None


def _groups(controller: str, proc: Path) -> Iterator[Path]:
    """Yield the folders of the control groups of `controller` that this process is in, its own first, then above."""
    for mount, root, is_second in _mounts(controller, proc):
        own = next((path for names, path in _own(proc) if (not names if is_second else controller in names)), None)
        if own is None:
            continue
        # In a container the path may be that of the host, of which only a part is mounted.
        inside = own[len(root) :] if root != "/" and own.startswith(root) else own if root == "/" else "/"
        parts = [part for part in inside.split("/") if part]
        folder = mount.joinpath(*parts) if ".." not in parts else mount
        for one in (folder, *folder.parents):
            yield one
            if one == mount:
                break


def _own(proc: Path) -> Iterator[tuple[list[str], str]]:
    """Yield the controllers and the path of each control group of this process; version 2 names no controllers."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        yield [name for name in names.split(",") if name], path


def _mounts(controller: str, proc: Path) -> Iterator[tuple[Path, str, bool]]:
    """Yield where control groups of `controller` are mounted, which of their folders is, and if they have version 2."""
    for line in _read(proc / "self" / "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        if kind[0] == "cgroup2" or (kind[0] == "cgroup" and controller in kind[2].split(",")):
            yield Path(fields[4]), fields[3], kind[0] == "cgroup2"


def _number(file: Path) -> int | None:
    text = _read(file).strip()
    return int(text) if text.isdecimal() else None  # "max" is no number


def _read(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return read_text(file, _MOST)
    return ""
