"""Events of the end of a run: what it reached, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from cxrtui.runs.events.event import Event


@dataclass(frozen=True, kw_only=True)
class Evaluated(Event):
    """The best weights, those of `step`, were evaluated on one split, `part`.

    `metrics` is as in `Validated`; `counts` are tp, fp, tn, fn, positive, negative and films at `threshold`, which the
    rule `operating_point` has set on the validation films. `estimates` are all metrics with their intervals by name,
    each with value, low, high, n (films), patients and, where the interval is the exact one of a count, exact (1);
    `by_patient` are the same of patients, each with the mean probability of its films. PPV and NPV hold at
    `prevalence`. `calibration` has temperature and bias where these were fitted, and the Brier score and the ECE
    without it (brier_before, ece_before); threshold, `metrics` and `estimates` are those of calibrated probabilities.
    Older logs have only the first five, and their `threshold` is of the network's own probability.
    """

    part: str
    step: int
    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    estimates: dict[str, dict[str, float]] = field(default_factory=dict)
    by_patient: dict[str, dict[str, float]] = field(default_factory=dict)
    prevalence: float = 0.0
    operating_point: str = ""
    calibration: dict[str, float] = field(default_factory=dict)


COUNTED = frozenset(("tp", "fp", "tn", "fn", "positive", "negative", "films"))  # the counts of every `Evaluated`


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The run ended without a fault after `step`, in `epoch`.

    `reason`: epochs or early_stopping, requested by a user, or pruned by a search.
    """

    reason: str
    step: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """The run ended with an error, after `step`.

    `error` is the name of the error's class, `message` is a sentence for people, and `exit_code` is that of the
    process; `traceback` is a file name inside the run folder, empty if there is none. `instead` has settings by key, as
    texts, with which a run like this takes less memory, if that was full or too small.
    """

    error: str
    message: str
    exit_code: int
    step: int = 0
    traceback: str = ""
    instead: dict[str, str] = field(default_factory=dict)
