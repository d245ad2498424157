from __future__ import annotations

import subprocess
import sys

import pytest

from cxrtui.training.decisions import Decisions
from tests.training.asks import Asks


def test_nothing_is_decided_where_nobody_asks() -> None:
    decisions = Decisions()
    assert (decisions.stop(), decisions.stopping(), decisions.pause(), decisions.checkpoint()) == ("", False, False, "")


def test_the_first_reason_to_stop_stays() -> None:
    answers = iter([False, True, False])
    decisions = Decisions(Asks(lambda: next(answers), reason="pruned"))
    assert [decisions.stop() for _ in range(4)] == ["", "pruned", "pruned", "pruned"]
    assert decisions.stopping()


def test_a_stop_after_the_epoch_is_a_request_unless_there_is_an_earlier_reason() -> None:
    decisions = Decisions(Asks(stop_after_epoch=lambda: True))
    assert (decisions.stop(), decisions.stop_after_epoch(), decisions.stop()) == ("", "requested", "requested")
    pruned = Decisions(Asks(lambda: True, reason="pruned", stop_after_epoch=lambda: True))
    assert (pruned.stop(), pruned.stop_after_epoch()) == ("pruned", "pruned")


def test_a_stop_after_the_epoch_can_be_taken_back_until_it_is_decided() -> None:
    answers = iter([True, False])
    decisions = Decisions(Asks(stop_after_epoch=lambda: next(answers)))
    assert decisions.asked_to_stop_after_epoch()
    assert (decisions.stop_after_epoch(), decisions.stop()) == ("", "")


def test_a_checkpoint_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    asked = [True, False, True]
    decisions = Decisions(Asks(checkpoint=lambda: asked.pop(0)), checkpoint_minutes=5.0)
    assert [decisions.checkpoint(), decisions.checkpoint()] == ["requested", ""]
    now += 301.0
    assert decisions.checkpoint() == "periodic"  # and what was requested is not used up by it
    assert asked == [True]
    assert decisions.checkpoint(standing=True) == "requested"
    decisions.saved()
    asked.append(False)
    assert decisions.checkpoint() == ""


def test_who_decides_needs_no_jax() -> None:
    code = "import sys, cxrtui.training.decisions; print('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
