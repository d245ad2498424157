"""Processes that compute take large pages: their own and those that they start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxrtui import memory, resources
from cxrtui.process.children import environment

_TUNABLES = "GLIBC_TUNABLES"
_ON_REQUEST = pytest.mark.skipif(
    not memory._on_request() or resources.is_small(),
    reason="this system gives no large pages on request",
)

_PROGRAM = """
import json, os, resource, sys
from cxrtui import memory

print("begun", flush=True)
memory.start_again()
import numpy as np
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(64 << 17).sum()  # 64 MiB
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(json.dumps([os.environ.get("GLIBC_TUNABLES"), sys.argv[1:], sys.stdin.read(), faults]))
"""


def started(**tunables: str) -> tuple[int, list[object]]:
    """Return how often a program of ours was begun, and what it found."""
    given = {name: value for name, value in os.environ.items() if name != _TUNABLES} | tunables
    found = subprocess.run([sys.executable, "-c", _PROGRAM, "a b", "--c"], input="read", capture_output=True, text=True,
                           check=True, env=given)  # fmt: skip
    *begun, last = found.stdout.splitlines()
    return len(begun), json.loads(last)


@_ON_REQUEST
def test_a_program_starts_again_once_with_its_words_and_takes_large_pages() -> None:
    begun, (tunables, words, read, faults) = started()
    assert (begun, tunables, words, read) == (2, "glibc.malloc.hugetlb=1", ["a b", "--c"], "read")
    assert isinstance(faults, int)
    assert faults < 64 << 20 >> 12 + 3  # 1/8 of its pages


@_ON_REQUEST
def test_other_tunables_stay_and_what_a_user_chose_stands() -> None:
    begun, found = started(GLIBC_TUNABLES="glibc.malloc.check=0")
    assert (begun, found[0]) == (2, "glibc.malloc.check=0:glibc.malloc.hugetlb=1")
    begun, found = started(GLIBC_TUNABLES="glibc.malloc.hugetlb=0")
    assert (begun, found[0]) == (1, "glibc.malloc.hugetlb=0")


@pytest.mark.parametrize("content", ["always madvise [never]", "[always] madvise never", "", None])
def test_where_the_system_asks_for_nothing_nothing_is_asked(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "enabled"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(memory, "_ON_REQUEST", file)
    monkeypatch.delenv(_TUNABLES, raising=False)
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("it was started again"))
    memory.start_again()


def test_where_memory_is_small_pages_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_TUNABLES, raising=False)
    monkeypatch.setattr(resources, "total_memory", lambda: 2 << 30)
    assert _TUNABLES not in environment()
    monkeypatch.setattr(resources, "total_memory", lambda: 8 << 30)
    assert "hugetlb=1" in environment()[_TUNABLES]


@_ON_REQUEST
@pytest.mark.parametrize(
    ("words", "again"),
    [("evaluate --help", True), ("train --headless --help", True), ("train --help", False), ("runs --help", False)],
)
def test_only_commands_that_compute_start_again(words: str, again: bool) -> None:
    program = ("import os, sys\nfrom cxrtui.__main__ import main\nos.execve = lambda *_: print('again')\n"
               f"sys.argv = ['cxrtui', *{words.split()}]\nmain()\n")  # fmt: skip
    given = {name: value for name, value in os.environ.items() if name != _TUNABLES}
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=given)
    assert found.stdout.startswith("again" if again else "Usage")
