"""After which losses a run goes on, and what is said of those after which it does not."""

from __future__ import annotations

import pytest

from cxrtui.process.lost import NOT_MENDED, happened, why_it_ends
from cxrtui.runs.hosts import Report


@pytest.mark.parametrize("ended", ["died", "aborted", "fault", "cut", "silent"])
def test_it_goes_on_after_what_a_restart_can_mend_while_there_are_restarts(ended: str) -> None:
    lost = Report(1, ended=ended, step=57)
    assert why_it_ends(None, lost, restarts=0, left=0) == ""
    assert why_it_ends(None, lost, restarts=3, left=3) is None
    assert why_it_ends(Report(1, ended=ended, step=20), lost, restarts=3, left=1) is None
    assert why_it_ends(None, lost, restarts=3, left=0) == "there is no restart left"


def test_an_error_of_the_run_is_not_tried_again_and_a_fault_at_one_step_not_a_third_time() -> None:
    assert why_it_ends(None, Report(1, ended="error"), restarts=3, left=3) == NOT_MENDED
    fault = Report(0, ended="fault", step=57)
    assert why_it_ends(fault, fault, restarts=3, left=2) == (
        "it has happened at this step before, so that there is no further restart"
    )


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ("silent", "is lost: why"),
        ("died", "is lost: its process why"),
        ("error", "has failed: why"),
        ("killed", "was ended because another"),
    ],
)
def test_every_end_is_a_sentence(ended: str, said: str) -> None:
    assert happened(Report(0, ended=ended, why="why")).startswith(said)
