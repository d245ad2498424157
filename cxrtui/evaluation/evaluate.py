"""Evaluates a finished classifier on labelled films from any source."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from cxrtui.data.loader import make_loader
from cxrtui.data.prepared.prepare import load_evaluation
from cxrtui.errors import WeightsError, never_cancelled
from cxrtui.evaluation import model as models
from cxrtui.evaluation.evaluator import BATCH, Evaluator
from cxrtui.evaluation.predict import Predictor
from cxrtui.runs.events import DataPrepared, Event, Warned
from cxrtui.runs.folder import Run
from cxrtui.settings import config as configs

T = TypeVar("T")


@dataclass(frozen=True)
class Evaluation:
    """What was evaluated on which films, and the result.

    Attributes:
        run: the run's or the classifier's name.
        source: the name of the films' source.
        labels: the negative and the positive label of the films' source.
        metrics: accuracy, AUROC, sensitivity and specificity; NaN where one is undefined.
        counts: as `statistics.operating_point.confusion` returns them.
        threshold: a film is predicted positive if its probability is this or more.
        known: how many of the films the classifier was trained or tuned on.
        data: the event that describes the films.
    """

    run: str
    source: str
    labels: tuple[str, str]
    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    known: int
    data: DataPrepared

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; NaN becomes None."""
        return {
            "run": self.run, "source": self.source, "labels": list(self.labels), "threshold": self.threshold,
            "metrics": {key: None if np.isnan(value) else value for key, value in self.metrics.items()},
            "counts": self.counts, "patients": self.data.patients["all"], "trained_on": self.known,
            "left_out": self.data.left_out, "unreadable": self.data.unreadable,
        }  # fmt: skip


def evaluate(
    target: Run | Path, source: str | Sequence[str], values: Mapping[str, Any], on_event: Callable[[Event], None],
    step: int | None = None,
) -> Evaluation:  # fmt: skip
    """Evaluate a run's best weights, or a classifier of the shelf, on every film of `source`.

    A warning counts the films that the run was trained or tuned on, which are recognised by their content. The metrics
    have no loss, because the run's own loss is weighted by its classes and could not be compared.

    Args:
        target: the run, or the folder.
        source: labelled films, as for training; the films of several paths are evaluated together.
        values: ``data.*`` settings of these films, which override those of the run.
        on_event: called with each event of progress, and each warning.
        step: of a run, the checkpoint to evaluate instead of the best one.

    Raises:
        DataError, WeightsError, UsageError: the films or the classifier cannot be used.
    """
    model = models.load(target, step)
    if model.note:
        on_event(Warned(code="no-digests", message=model.note))
    fixed = {"data.size": model.config.data.size, "data.resize_mode": model.config.data.resize_mode}
    data = configs.with_values(model.config, {**values, **fixed}).data
    prepared: list[DataPrepared] = []

    def keep(event: Event) -> None:
        if isinstance(event, DataPrepared):
            prepared.append(event)
        on_event(event)

    split = _result(load_evaluation(data, source, trained=model.labels), keep).splits["all"]
    known = len(set(split.digests) & models.seen_in_training(target))
    if known:
        on_event(
            Warned(
                code="trained-on",
                message=f"{known} of these {len(split)} films are among those that {model.name} was trained or tuned "
                "on; what follows says nothing of unseen films.",
            )
        )
    predictor = Predictor(model.graphdef, model.size, model.stored_size, BATCH)
    loader = make_loader(split, predictor.layout, data.feed)
    result = _result(Evaluator(predictor).evaluate(model.variables, loader, "evaluating", never_cancelled), on_event)
    if count := int(np.sum(~np.isfinite(result.probabilities))):
        raise WeightsError(f"{model.name} gives no finite probability for {count} of these {len(split)} films; "
                           "its weights cannot be used for them.")  # fmt: skip
    measured = {name: value for name, value in result.metrics.items() if name != "loss"}
    negative, positive = prepared[0].labels
    shown = source if isinstance(source, str) else source[0] if len(source) == 1 else prepared[0].source
    return Evaluation(model.name, shown, (negative, positive), measured, result.counts, result.threshold, known,
                      prepared[0])  # fmt: skip


def _result(stream: Generator[Event, None, T], on_event: Callable[[Event], None]) -> T:
    """Call `on_event` with each event of `stream`, and return its result."""
    while True:
        try:
            on_event(next(stream))
        except StopIteration as stop:
            return cast("T", stop.value)
