"""Processes that train at the same time have GPUs of their own, or parts of one; only their names are read here."""

from __future__ import annotations

import pytest

from cxrtui.process import gpus


def shares(count: int) -> list[dict[str, str]]:
    return [gpus.environment((index, count)) for index in range(count)]


def test_gpus_are_divided_among_as_many_processes_or_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3, 5,GPU-a7")
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares(4)] == ["2", "3", "5", "GPU-a7"]
    assert shares(3) == [{"CUDA_VISIBLE_DEVICES": names} for names in ("2,GPU-a7", "3", "5")]
    assert shares(1) == [{}]


def test_more_processes_than_gpus_divide_the_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_MEM_FRACTION", raising=False)
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares(3)] == ["0", "1", "0"]
    assert {share["XLA_PYTHON_CLIENT_MEM_FRACTION"] for share in shares(3)} == {"0.45"}
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.2")
    assert shares(3)[0] == {"CUDA_VISIBLE_DEVICES": "0"}


def test_a_process_that_is_added_takes_gpus_that_nobody_uses_or_what_is_free_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free: dict[str, float | None] = {"0": 0.25, "1": 0.97, "2": 0.4, "GPU-a7": 0.99}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,GPU-a7")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_MEM_FRACTION", raising=False)
    monkeypatch.setattr(gpus, "_free", lambda name: free[name])
    assert gpus.environment(gpus.ADDED) == {"CUDA_VISIBLE_DEVICES": "1,GPU-a7"}
    free |= {"1": 0.1, "GPU-a7": 0.1}
    assert gpus.environment(gpus.ADDED) == {"CUDA_VISIBLE_DEVICES": "2", "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.36"}
    free["0"] = None  # NVML does not know it
    assert gpus.environment(gpus.ADDED) == {}


def test_without_gpus_nothing_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert shares(2) == [{}, {}]
    assert gpus.environment(gpus.ADDED) == {}
