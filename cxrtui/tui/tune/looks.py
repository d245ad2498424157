"""How trials look wherever they are drawn: the mark and colour of each state, and of the best and the chosen trial."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from cxrtui.tui.theme import BAD, BUSY, FAINT, GOOD, SERIES, WARN
from cxrtui.tui.widgets.charts.limits import padded, robust_limits

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord
    from cxrtui.search.snapshot import Snapshot

STATES = {
    "finished": ("✔", GOOD), "running": ("▶", BUSY), "pruned": ("○", FAINT), "failed": ("✗", BAD),
    "waiting": ("·", FAINT), "stopped": ("■", WARN),
}  # fmt: skip
FINISHED, BEST, PRUNED = (SERIES[0][0], SERIES[0][1]), (SERIES[1][0], SERIES[1][1]), (FAINT, "○")
"""Style and marker of a point."""
CHOSEN = "bold reverse"


Group = tuple[str, str, "list[TrialRecord]"]
"""Style, marker and the trials that are drawn with them."""


def groups(found: Snapshot, chosen: int) -> list[Group]:
    """Return the trials that have an objective in groups of one look, in the order in which they are drawn.

    `chosen` is the number of the trial under the cursor; it is drawn last, and before it the best.
    """
    best = found.best.number if found.best is not None else 0
    known = [trial for trial in found.trials if math.isfinite(trial.value)]
    done = [trial for trial in known if trial.state == "finished"]
    made = [
        (*PRUNED, [trial for trial in known if trial.state != "finished"]),
        (*FINISHED, done),
        (*BEST, [trial for trial in done if trial.number == best]),
    ]
    for style, sign, trials in reversed(made):
        if own := [trial for trial in trials if trial.number == chosen]:
            return [*made, (f"{CHOSEN} {style}", sign, own)]
    return made


def limits_of(trials: Iterable[TrialRecord]) -> tuple[float, float] | None:
    """Return the limits of an axis of objectives, those of finished trials if there are two; None without a value."""
    known = [trial for trial in trials if math.isfinite(trial.value)]
    done = [trial for trial in known if trial.state == "finished"]
    values = np.array([trial.value for trial in (done if len(done) > 1 else known)], np.float64)
    found = robust_limits([(np.arange(len(values), dtype=np.float64), values)]) if len(values) else None
    return None if found is None else padded(*found, None, None)
