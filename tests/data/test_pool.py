"""Work that says how far it is and can be stopped."""

from __future__ import annotations

import threading
import time

import pytest

from cxrtui.data.pool import OnProgress, reported
from cxrtui.errors import Cancelled, DataError, cancelled_when, never_cancelled
from tests.data.conftest import drain


def test_what_is_told_becomes_events_and_the_result_returns() -> None:
    going = threading.Event()

    def work(on_progress: OnProgress) -> str:
        on_progress("reading tags", 3, 9)
        going.wait(5)
        return "done"

    stage = reported(work, "reading folder", never_cancelled)
    said = [next(stage)]
    while said[-1].stage != "reading tags":
        said.append(next(stage))
    going.set()
    _, result = drain(stage)
    assert (said[0].stage, said[0].total, result) == ("reading folder", 0, "done")
    assert (said[-1].done, said[-1].total) == (3, 9)


@pytest.mark.parametrize("how", ["asked", "closed"])
def test_a_stop_ends_the_work_itself(how: str) -> None:
    asked, ended = threading.Event(), threading.Event()

    def work(on_progress: OnProgress) -> None:
        try:
            for done in range(3_000):
                on_progress("reading tags", done, 3_000)
                time.sleep(0.01)
        finally:
            ended.set()

    stage = reported(work, "reading folder", cancelled_when(asked.is_set))
    next(stage)
    next(stage)
    if how == "asked":
        asked.set()
        with pytest.raises(Cancelled):
            drain(stage)
    else:
        stage.close()
    assert ended.wait(1)


def test_a_failure_is_the_callers() -> None:
    def work(on_progress: OnProgress) -> None:
        raise DataError("No films found.")

    with pytest.raises(DataError, match="No films"):
        drain(reported(work, "reading folder", never_cancelled))
