"""The place of a process among several hosts, as options or a cluster give it."""

from __future__ import annotations

import re

import pytest

from cxrtui.console import hosts
from cxrtui.errors import UsageError
from cxrtui.runs.hosts import Place


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in hosts._SIGNS:
        monkeypatch.delenv(name, raising=False)


def test_options_give_the_place_and_without_any_a_process_is_alone() -> None:
    assert hosts.place_of("node1:7890", 4, 3) == Place(3, 4, "node1:7890")
    assert hosts.place_of(None, None, None) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("node1:7890", 2, None), "together"),
        (("node1", 2, 0), "HOST:PORT"),
        ((":7890", 2, 0), "HOST:PORT"),
        (("node1:7890", 2, 2), "of 2 processes the last one is 1, not 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(given: tuple[str, int, int | None], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        hosts.place_of(*given)


def test_slurm_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"SLURM_JOB_ID": "12", "SLURM_STEP_NODELIST": "node[007-010]", "SLURM_NTASKS": "4", "SLURM_PROCID": "2",
            "SLURM_LOCALID": "0"}  # fmt: skip
    for name, value in task.items():
        monkeypatch.setenv(name, value)
    assert hosts.place_of(None, None, None) == Place(2, 4, "node007:61452")
    monkeypatch.setenv("SLURM_NTASKS", "1")
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert hosts.place_of(None, None, None) is None


def test_open_mpi_is_recognised_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1")
    with pytest.raises(UsageError, match="does not recognise that version"):
        hosts.place_of(None, None, None)
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911")
    place = hosts.place_of(None, None, None)
    assert place is not None
    assert (place.process, place.processes, place.coordinator.split(":")[0]) == (1, 2, "10.96.0.1")
