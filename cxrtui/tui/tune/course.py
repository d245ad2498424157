"""The curve of the best objective so far, with each trial as a mark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cxrtui.tui.theme import GOOD
from cxrtui.tui.tune.looks import FINISHED, PRUNED
from cxrtui.tui.widgets.charts.curves import CURVE
from cxrtui.tui.widgets.charts.line import Array, Line, Mark

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord
    from cxrtui.search.snapshot import Snapshot


def lines(found: Snapshot) -> list[Line]:
    """Return the marks of pruned and of finished trials, at their numbers, and the best of those up to each number."""
    done = [trial for trial in found.trials if trial.state == "finished" and math.isfinite(trial.value)]
    others = [trial for trial in found.trials if trial.state == "pruned" and math.isfinite(trial.value)]
    better = np.minimum if found.plan.tune.objective == "loss" else np.maximum
    x, y = _points(done)
    made = [Line("trials", "trial", x, y, *FINISHED, points=True, joined=False)]
    if others:
        made.insert(0, Line("pruned", "pruned", *_points(others), *PRUNED, points=True, joined=False, behind=True))
    if len(y):
        at, best = _stairs(x, better.accumulate(y), float(found.trials[-1].number))
        made.append(Line("best", "best so far", at, best, GOOD, CURVE, short="best", behind=True))
    return made


def marks(found: Snapshot, chosen: int) -> list[Mark]:
    """Return the trial under the cursor as a moment."""
    return [Mark(float(chosen), f"trial {chosen}")] if any(trial.number == chosen for trial in found.trials) else []


def _points(trials: list[TrialRecord]) -> tuple[Array, Array]:
    numbers = np.array([trial.number for trial in trials], np.float64)
    return numbers, np.array([trial.value for trial in trials], np.float64)


def _stairs(x: Array, y: Array, end: float) -> tuple[Array, Array]:
    """Return the corners of a curve that keeps each value until the next position, and the last one until `end`."""
    at = np.append(np.repeat(x, 2)[1:], max(end, x[-1]))
    return at, np.repeat(y, 2)
