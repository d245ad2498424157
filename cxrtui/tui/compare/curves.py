"""The curves of all compared runs for one metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.tui.theme import SERIES
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.charts.curves import CURVE, METRICS, RunCurves
from cxrtui.tui.widgets.charts.line import Line, Mark, run_line

NAMES = (24, 12)
"""The longest name of a run beside the chart, in cells, where there is room and where there is not."""


class Curves:
    """Makes the lines of several runs; each keeps its colour and marker when others are left out."""

    def __init__(self, places: Mapping[Run, int]) -> None:
        self._places = places
        self._curves = {run: RunCurves() for run in places}

    def take(self, snapshots: Sequence[Snapshot]) -> bool:
        """Take the runs as they are now; return whether a curve has changed."""
        changed = [self._curves[item.run].take(item.state) for item in snapshots]
        return any(changed)

    def lines(self, runs: Sequence[Run], metric: str, *, epochs: bool, training: bool) -> list[Line]:
        """Return the curve of `metric` of each run on the validation split, or in each step if only these have it.

        With `training`, those of each step are behind those of the validation split.
        """
        what, found = METRICS[metric], []
        for run in runs:
            curves, place = self._curves[run], self._places[run]
            label, short = (shortened(run.name, width) for width in NAMES)
            if not what.validated:
                x, y = curves.training(metric, epochs=epochs)
                line = run_line(place, label, x, y, smoothed=metric != "rate")
                found.append(replace(line, short=short, faint=""))
                continue
            if training and what.step_field:
                style, _ = SERIES[place % len(SERIES)]
                x, y = curves.training(metric, epochs=epochs)
                found.append(
                    Line(f"train {place}", "", x, y, f"dim {style}", CURVE, smoothed=True, faint="", behind=True)
                )
            x, y = curves.validation(metric, epochs=epochs)
            found.append(replace(run_line(place, label, x, y, points=True), short=short))
        return found

    def marks(self, run: Run, *, epochs: bool) -> list[Mark]:
        """Return the moments of one run."""
        return self._curves[run].marks(epochs=epochs)

    def settled(self, runs: Sequence[Run], *, epochs: bool) -> float:
        """Return the position before which values of the shortest first epoch may be far off."""
        return min((self._curves[run].settled(epochs=epochs) for run in runs), default=0.0)
