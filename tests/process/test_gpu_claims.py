"""Workers that start at the same time take different GPUs; NVML is replaced, and says that all are free."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from cxrtui.process import gpus
from cxrtui.process.gpu_claims import claimed

VISIBLE, MEMORY = "CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_MEM_FRACTION"

WORKER = """
import json, sys
from pathlib import Path
from cxrtui.process import gpus
from cxrtui.process.gpu_claims import claimed
gpus._free = lambda name: 0.97
with claimed(Path(sys.argv[1]), gpus.ADDED if sys.argv[2] == "added" else gpus.ALONE) as variables:
    print(json.dumps(variables), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VISIBLE, "0,1")
    monkeypatch.delenv(MEMORY, raising=False)
    monkeypatch.setattr(gpus, "_free", lambda name: 0.97)
    return tmp_path


def claims(study: Path) -> list[Path]:
    return sorted((study / "claims").glob(f"gpus-{os.uname().nodename}-*"))


def worker(study: Path, share: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WORKER, str(study), share], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)  # fmt: skip


def test_a_worker_takes_what_others_do_not_claim_though_all_is_free_yet(study: Path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(claimed(study, (1, 2)))
        assert first == {VISIBLE: "1"}
        assert stack.enter_context(claimed(study, gpus.ADDED)) == {VISIBLE: "0"}
        # JAX reserves three quarters of what it sees: nine tenths of the rest are for one more.
        assert stack.enter_context(claimed(study, gpus.ADDED)) == {VISIBLE: "0", MEMORY: "0.23"}
        assert stack.enter_context(claimed(study, gpus.ADDED)) == {VISIBLE: "1", MEMORY: "0.23"}
    assert not claims(study)


def test_of_two_that_start_at_once_and_know_nothing_of_each_other_one_takes_all_and_one_what_is_left(
    study: Path,
) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        opened = [threads.submit(stack.enter_context, claimed(study, gpus.ALONE)) for _ in range(2)]
        assert sorted((one.result() for one in opened), key=len) == [{}, {VISIBLE: "0", MEMORY: "0.23"}]


def test_a_claim_ends_with_its_process_however_that_ends(study: Path) -> None:
    with worker(study, "added") as one, worker(study, "added") as other:
        assert one.stdout is not None
        assert other.stdout is not None
        taken = [one.stdout.readline(), other.stdout.readline()]
        assert sorted(MEMORY in line for line in taken) == [False, True]  # one has both, the other a part of one
        one.kill()
        other.kill()
    assert len(claims(study)) == 2
    with claimed(study, gpus.ALONE) as variables:
        assert variables == {}
        assert len(claims(study)) == 1


def test_without_gpus_nothing_is_claimed(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "")
    with claimed(study, gpus.ADDED) as variables:
        assert variables == {}
    assert not (study / "claims").exists()


def test_where_no_claim_can_be_written_a_worker_has_gpus_all_the_same(study: Path) -> None:
    (study / "claims").write_text("")
    with claimed(study, gpus.ADDED) as variables:
        assert variables == {VISIBLE: "0,1"}
