"""Cores and memory are those that a control group, a container or an affinity allows."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cxrtui import resources

GIB = 1 << 30
FIRST = "cgroup cgroup rw,{names}"


def proc(tmp_path: Path, own: str, *mounts: tuple[str, str]) -> Path:
    """Return a folder like /proc, with the groups of a process and mounts of control groups below `tmp_path`."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(own)
    lines = [f"31 23 0:28 {root} {tmp_path}/cgroup rw shared:1 - {kind}\n" for root, kind in mounts]
    (tmp_path / "proc" / "self" / "mountinfo").write_text("23 1 8:1 / / rw - ext4 /dev/root rw\n" + "".join(lines))
    return tmp_path / "proc"


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_without_control_groups_the_machine_counts(tmp_path: Path) -> None:
    assert resources.cores(tmp_path) == resources.cpus() >= 1
    assert resources.total_memory(tmp_path) == psutil.virtual_memory().total
    assert 0 < resources.free_memory(tmp_path) <= resources.total_memory(tmp_path)


def test_the_smallest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    here = proc(tmp_path, "0::/job/step/task\n", ("/", "cgroup2 cgroup2 rw"))
    group(tmp_path / "cgroup/job/step/task", memory__max="max", memory__current=GIB // 2, cpu__max="max 100000")
    group(tmp_path / "cgroup/job/step", memory__max=2 * GIB, memory__current=GIB, cpu__max="50000 100000",
          memory__stat=f"anon 5\ninactive_file {GIB // 4}\nactive_file {GIB // 4}\ncpu")  # fmt: skip
    group(tmp_path / "cgroup/job", memory__max=4 * GIB, memory__current=GIB)
    assert resources.total_memory(here) == 2 * GIB
    assert resources.free_memory(here) == min(3 * GIB // 2, psutil.virtual_memory().available)
    assert resources.cores(here) == 1, "half a core is one thread"


def test_a_container_sees_the_part_of_the_tree_that_is_mounted(tmp_path: Path) -> None:
    mounts = [("/docker/abc", FIRST.format(names=names)) for names in ("memory", "cpu,cpuacct")]
    here = proc(tmp_path, "4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n0::/\n", *mounts)
    group(tmp_path / "cgroup", memory__limit_in_bytes=GIB, memory__usage_in_bytes=GIB // 2,
          memory__stat=f"inactive_file 1\ntotal_inactive_file {GIB // 8}\ntotal_active_file 0",
          cpu__cfs_quota_us=100_000, cpu__cfs_period_us=100_000)  # fmt: skip
    assert resources.total_memory(here) == GIB
    assert resources.free_memory(here) == GIB - GIB // 2 + GIB // 8
    assert resources.cores(here) == 1


@pytest.mark.parametrize("content", ["", "-1", "max", "9223372036854771712", "12 apples", "\0"])
def test_what_is_no_limit_limits_nothing(tmp_path: Path, content: str) -> None:
    here = proc(tmp_path, "0::/../elsewhere\nnonsense\n", ("/", "cgroup2 cgroup2 rw"), ("", "x"))
    group(tmp_path / "cgroup", memory__max=content, cpu__max=content, memory__current=content, memory__stat=content)
    assert resources.total_memory(here) == psutil.virtual_memory().total
    assert resources.cores(here) == resources.cpus()


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Give a control group of this machine with a limit of 1 GiB."""
    for root, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = Path(root, f"cxrtui-test-{os.getpid()}")
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / name).write_text(str(GIB))
            yield folder
            return
        except OSError:
            continue
        finally:
            folder.rmdir()
    pytest.skip("no control group can be made here")


def test_a_process_finds_its_own_limit(small_group: Path) -> None:
    code = (
        "import os, pathlib, sys; pathlib.Path(sys.argv[1], 'cgroup.procs').write_text(str(os.getpid()));"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from cxrtui import resources as r; print(r.cores(), r.total_memory(), r.free_memory())"
    )
    answer = subprocess.run([sys.executable, "-c", code, small_group], check=True, capture_output=True, text=True)
    cores, total, free = map(int, answer.stdout.split())
    assert (cores, total) == (1, GIB)
    assert GIB // 2 < free <= GIB
