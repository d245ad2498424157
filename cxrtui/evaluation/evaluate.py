"""Evaluates a finished classifier, or several together, on labelled films from any source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui import strict_json
from cxrtui.data.prepared.columns import COLUMNS, cells
from cxrtui.errors import UsageError, never_cancelled
from cxrtui.evaluation.abstain import Abstention, abstain
from cxrtui.evaluation.comparison.paired import Paired, difference
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.evaluation.measured import measured
from cxrtui.evaluation.measures import Measures
from cxrtui.evaluation.metrics import metrics
from cxrtui.evaluation.scoring import OnEvent, Scored, in_common, result_of, score, together
from cxrtui.runs.events import DataPrepared
from cxrtui.runs.folder import Run
from cxrtui.statistics.operating_point import confusion

MOST = 16
"""Classifiers of an ensemble at most."""


@dataclass(frozen=True)
class Options:
    """How films are evaluated.

    Attributes:
        keep_seen: whether films that are known from the training are counted too.
        step: of a run, the checkpoint to take instead of the best one.
        calibrated: whether the calibration is applied.
        prevalence: the share of positives for which PPV and NPV shall hold, from 0 to 1; None for that of the films.
        by: further columns of the films' tables (see `columns.cells`) by which there shall be tables.
        augmented: how many random changes of each film are averaged with it.
        margin: films nearer to the threshold than this get no answer; None for an answer to each.
        devices: that share each batch; 0 for all.
    """

    keep_seen: bool = False
    step: int | None = None
    calibrated: bool = True
    prevalence: float | None = None
    by: tuple[str, ...] = ()
    augmented: int = 0
    margin: float | None = None
    devices: int = 1


@dataclass(frozen=True)
class Evaluation:
    """What was evaluated on which films, and the result.

    Attributes:
        run: the run's or the classifier's name; of several, joined by plus signs.
        source: the name of the films' source.
        labels: the negative and the positive label of the films' source.
        metrics: accuracy, AUROC, sensitivity and specificity; NaN where one is undefined.
        counts: as `statistics.operating_point.confusion` returns them.
        threshold: a film is predicted positive if its probability is this or more.
        data: the event that describes the films.
        measures: all metrics with their intervals, tables and curves.
        leaks: what the split of the training divides, in one sentence; empty if nothing.
        familiar: each film that is known from the training: its path, why it is known, and how alike the two are.
        kept: whether these films were evaluated all the same.
        abstention: what is left if films near the threshold get no answer; None if that was not asked for.
        against: the name of the classifier that it is compared with; may be empty.
        paired: the difference to that one, film by film; None without one.
        augmented: as in `Options`.
        step: optimizer step of the weights; None for several classifiers.
    """

    run: str
    source: str
    labels: tuple[str, str]
    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    data: DataPrepared
    measures: Measures
    leaks: str = ""
    familiar: Sequence[tuple[str, str, float]] = ()
    kept: bool = False
    abstention: Abstention | None = None
    against: str = ""
    paired: Paired | None = None
    augmented: int = 0
    step: int | None = None

    @property
    def caution(self) -> str:
        """Why the figures are no results on unseen films, in one line; empty if nothing speaks against them."""
        seen = ""
        if self.familiar and self.kept:
            share = f"{len(self.familiar)} of {self.counts['films']}"
            seen = f"No result on unseen films: {share} films are known from the training."
        return " ".join(filter(None, (seen, self.leaks)))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; a number that is not finite becomes None."""
        against = (
            {}
            if self.paired is None
            else {"against": {"model": self.against, "differences": self.paired.differences, **self.paired.about}}
        )
        body = {
            "run": self.run, "step": self.step, "source": self.source, "labels": list(self.labels),
            "threshold": self.threshold, "metrics": self.metrics,
            "counts": self.counts, "patients": self.measures.by_film["accuracy"].patients,
            "trained_on": len(self.familiar), "left_out": self.data.left_out, "unreadable": self.data.unreadable,
            "leaks": self.leaks, "kept_seen": self.kept,
            "seen": [{"file": file, "why": why, "similarity": similarity} for file, why, similarity in self.familiar],
            "augmented": self.augmented, **self.measures.as_dict(),
            "abstain": self.abstention.as_dict() if self.abstention is not None else None, **against,
        }  # fmt: skip
        found: dict[str, Any] = strict_json.plain(body)
        return found


def evaluate(
    target: Run | Path | Sequence[Run | Path], source: str | Sequence[str], values: Mapping[str, Any],
    on_event: OnEvent, options: Options | None = None, *, against: Run | Path | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate a run's best weights, or a classifier of the shelf, on every film of `source`.

    Films that the run was trained or tuned on, their copies and other films of their patients are left out, or with
    `keep_seen` only counted; `data.prepared.seen` says how they are recognised. The metrics have no loss, because the
    run's own loss is weighted by its classes and could not be compared.

    Args:
        target: the run, or the folder; of several, the mean of their calibrated probabilities.
        source: labelled films, as for training; the films of several paths are evaluated together.
        values: ``data.*`` settings of these films, which override those of the run.
        on_event: called with each event of progress, and each warning.
        options: see there.
        against: another classifier, with which it is compared on the films that neither has seen.

    Raises:
        DataError, WeightsError, UsageError: the films or a classifier cannot be used.
    """
    chosen = options or Options()
    targets = [target] if isinstance(target, (Run, Path)) else list(target)
    if not 1 <= len(targets) <= MOST:
        raise UsageError(f"An ensemble takes at most {MOST} classifiers, not {len(targets)}.")

    def scored(item: Run | Path) -> Scored:
        return score(item, source, values, on_event, step=chosen.step, keep_seen=chosen.keep_seen,
                     calibrated=chosen.calibrated, augmented=chosen.augmented, devices=chosen.devices)  # fmt: skip

    sources = [source] if isinstance(source, str) else list(source)
    tables = {name: cells(name, sources) for name in chosen.by if name not in COLUMNS}  # before any work
    found, paired, other = together([scored(item) for item in targets]), None, None
    if against is not None:
        found, other = in_common([found, scored(against)])
        paired = difference(_predictions(found), _predictions(other))
    split, operation = found.split, found.operation
    more = {name: [known.get(path, "") for path in split.paths] for name, known in tables.items()}
    measures = result_of(
        measured(split, found.probabilities, operation, never_cancelled, prevalence=chosen.prevalence, more=more),
        on_event,
    )
    shown = operation.calibration(found.probabilities)
    plain = {name: value for name, value in metrics(split.labels, shown, threshold=operation.threshold).items()
             if name != "loss"}  # fmt: skip
    abstention = None
    if chosen.margin is not None:
        abstention = abstain(split.labels, shown, operation.threshold, split.patients, chosen.margin,
                             prevalence=chosen.prevalence)  # fmt: skip
    negative, positive = found.data.labels
    name = source if isinstance(source, str) else source[0] if len(source) == 1 else found.data.source
    familiar = [(path, item.reason, item.similarity) for path, item in found.familiar.items()]
    return Evaluation(
        found.name, name, (negative, positive), plain, confusion(split.labels, shown, operation.threshold),
        operation.threshold, found.data, measures, found.leaks, familiar, chosen.keep_seen, abstention,
        other.name if other is not None else "", paired, chosen.augmented, found.step,
    )  # fmt: skip


def _predictions(scored: Scored) -> Predictions:
    shown = scored.operation.calibration(scored.probabilities)
    return Predictions(
        tuple(scored.split.paths), tuple(scored.split.patients), scored.split.labels.astype(np.int64),
        (shown >= scored.operation.threshold).astype(np.int64), shown,
    )  # fmt: skip
