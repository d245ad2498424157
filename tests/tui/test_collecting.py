from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from cxrtui.tui.collecting import AT_MOST_SECONDS, EVERY_SECONDS, PAUSE_SECONDS, Collecting


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The interpreter collects for the other tests as it did."""
    monkeypatch.setattr("cxrtui.tui.collecting.FEW", 0)
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # as `tests/conftest.py` does


class Node:
    def __init__(self) -> None:
        self.itself = self


def test_it_waits_for_a_pause_of_the_keys() -> None:
    clock = [0.0, 0.0]  # now, and when a key was pressed
    collecting = Collecting(lambda: clock[1], lambda: clock[0])
    collecting.begin()
    garbage = weakref.ref(Node())
    clock[:] = [EVERY_SECONDS + 1, EVERY_SECONDS]
    assert not collecting.look()
    assert garbage() is not None
    clock[0] += PAUSE_SECONDS
    assert collecting.look()
    assert garbage() is None
    clock[0] += 1
    assert not collecting.look()  # it has just done so


def test_it_does_not_wait_for_ever() -> None:
    clock = [0.0]
    collecting = Collecting(lambda: clock[0], lambda: clock[0])
    collecting.begin()
    clock[0] = AT_MOST_SECONDS - 1
    assert not collecting.look()
    clock[0] += 2
    assert collecting.look()


def test_the_interpreter_runs_no_full_collection_by_itself() -> None:
    Collecting(lambda: 0.0).begin()
    full = gc.get_stats()[2]["collections"]
    kept = [[] for _ in range(300_000)]
    assert gc.get_stats()[2]["collections"] == full
    assert gc.get_stats()[0]["collections"] > 0
    assert len(kept) == 300_000
