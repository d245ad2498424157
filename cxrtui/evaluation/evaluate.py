"""A finished classifier judged on labelled films from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from cxrtui import config as configs
from cxrtui.data.prepare import load_evaluation
from cxrtui.evaluation import model as models
from cxrtui.evaluation.judge import Judge
from cxrtui.events import DataPrepared, Event
from cxrtui.runs import Run

T = TypeVar("T")


@dataclass(frozen=True)
class Evaluation:
    """What was judged, and the verdict."""

    run: str
    source: str
    labels: tuple[str, str]
    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    data: DataPrepared

    def as_dict(self) -> dict[str, Any]:
        """Plain values, NaN as None."""
        return {
            "run": self.run, "source": self.source, "labels": list(self.labels), "threshold": self.threshold,
            "metrics": {key: None if np.isnan(value) else value for key, value in self.metrics.items()},
            "counts": self.counts, "left_out": self.data.left_out, "unreadable": self.data.unreadable,
        }  # fmt: skip


def evaluate(target: Run, source: str, values: Mapping[str, Any], tell: Callable[[Event], None]) -> Evaluation:
    """Judge a run's best weights on every film of `source`.

    Args:
        target: the run.
        source: labelled films, as for training.
        values: ``data.*`` settings of these films, above those of the run.
        tell: called with each event of progress, and each warning.

    Raises:
        DataError, CheckpointError, UsageError: the films or the run cannot be used.
    """
    model = models.load(target)
    fixed = {"data.size": model.config.data.size, "data.fit": model.config.data.fit}
    data = configs.with_values(model.config, {**values, **fixed}).data
    told: list[DataPrepared] = []

    def hear(event: Event) -> None:
        if isinstance(event, DataPrepared):
            told.append(event)
        tell(event)

    prepared = _result(load_evaluation(data, source), hear)
    judge = Judge(model.graphdef, model.size, model.side, np.ones(2, np.float32), 0.0)
    judged = _result(judge.part(model.weights, prepared.parts["all"], "evaluating", lambda: False), tell)
    assert judged is not None  # nothing asks it to stop
    return Evaluation(model.name, source, model.labels, judged.metrics, judged.counts, judged.threshold, told[0])


def _result(stream: Generator[Event, None, T], tell: Callable[[Event], None]) -> T:
    """What `stream` returns, its events told on the way."""
    while True:
        try:
            tell(next(stream))
        except StopIteration as stop:
            return cast("T", stop.value)
