from __future__ import annotations

import pytest

from cxrtui.clock import Clock


def test_the_time_in_which_this_process_was_stopped_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    clock, first = Clock(_read=now), now
    for gap, counted in ((1.0, 1.0), (4.0, 5.0), (500.0, 5.0), (2.0, 7.0)):
        now += gap
        assert clock.now() - first == counted
