"""Measures how long each part of a start takes, from the call of the runner to the first step."""

from __future__ import annotations

import time

from cxrtui.runs import events as ev

# The event that ends each part; `Resumed` stands for `RunStarted` in a run that goes on.
_ENDS: dict[type[ev.Event], str] = {
    ev.RunStarted: "imports", ev.Resumed: "imports", ev.FirstWeights: "weights", ev.DataPrepared: "films",
    ev.Compiled: "programs", ev.Encoded: "features", ev.StepDone: "first step",
}  # fmt: skip


class StartUp:
    """Listens to the events of a run in this process; the clock starts when this object is made."""

    def __init__(self) -> None:
        self._first = self._last = time.time()
        self._phases: dict[str, float] = {}
        self._over = False

    def after(self, event: ev.Event) -> ev.FirstStep | None:
        """Return the event that reports the start, if `event` is the first `StepDone`."""
        phase = _ENDS.get(type(event))
        if phase is None or self._over:
            return None
        self._phases[phase] = self._phases.get(phase, 0.0) + event.time - self._last
        self._last = event.time
        if not isinstance(event, ev.StepDone):
            return None
        self._over = True
        phases = {name: round(seconds, 3) for name, seconds in self._phases.items()}
        return ev.FirstStep(step=event.step, seconds=round(self._last - self._first, 3), phases=phases)
