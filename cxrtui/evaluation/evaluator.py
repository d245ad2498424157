"""Evaluates a network on one split: metrics, counts and the probability of every film, and writes them to files."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.data.loader import Loader
from cxrtui.data.prepared.ready import Split
from cxrtui.errors import CheckCancelled
from cxrtui.evaluation.losses import mean_loss
from cxrtui.evaluation.measures import Measures
from cxrtui.evaluation.metrics import metrics
from cxrtui.evaluation.operation import Operation
from cxrtui.evaluation.predict import Predictor, Variables, softmax
from cxrtui.files import write_atomic
from cxrtui.printable import cell, path_cell
from cxrtui.runs.events import Preparing
from cxrtui.statistics.operating_point import confusion

BATCH = 32


@dataclass(frozen=True)
class EvalResult:
    """The result of an evaluation.

    Attributes:
        metrics: loss, accuracy, AUROC, sensitivity and specificity.
        counts: as `statistics.operating_point.confusion` returns them.
        probabilities: float64 ``[N]``, the network's own, of the positive class, in the split's order.
        operation: the calibration and the operating point; `counts` and `metrics` are at its threshold.
    """

    metrics: dict[str, float]
    counts: dict[str, int]
    probabilities: NDArray[np.float64]
    operation: Operation = field(default_factory=Operation)

    @property
    def threshold(self) -> float:
        """A film is predicted positive if its calibrated probability is this or more."""
        return self.operation.threshold

    @property
    def calibrated(self) -> NDArray[np.float64]:
        """The calibrated probabilities, float64 ``[N]``."""
        return self.operation.calibration(self.probabilities)

    def at(self, operation: Operation, labels: NDArray[np.integer[Any]]) -> EvalResult:
        """Return the same result at another operating point; `labels` are integers ``[N]``, 1 is positive."""
        shown, threshold = operation.calibration(self.probabilities), operation.threshold
        measured = metrics(labels, shown, self.metrics.get("loss", float("nan")), threshold)
        return EvalResult(measured, confusion(labels, shown, threshold), self.probabilities, operation)

    def write(
        self, folder: Path, name: str, split: Split, labels: list[str], step: int, measures: Measures | None = None,
        leaks: str = "",
    ) -> None:  # fmt: skip
        """Write `<name>.json` (metrics, counts and `measures`) and `<name>.csv` (a row for each film) in `folder`.

        `leaks` says what the split of the run divides, empty if nothing; it comes first in the JSON.
        """
        folder.mkdir(exist_ok=True)  # without its parents, so that a deleted run is not created again in part
        body = {
            "leaks": leaks or None,
            "part": name, "step": step, "threshold": self.threshold, "labels": labels, "note": RESEARCH_ONLY,
            "metrics": self.metrics, "counts": self.counts, **(measures.as_dict() if measures is not None else {}),
        }  # fmt: skip
        write_atomic(folder / f"{name}.json", strict_json.dumps(body, indent=2) + "\n")
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "patient", "source", "label", "called", "probability", "uncalibrated"])
        for index, probability in enumerate(self.calibrated):
            predicted = labels[int(probability >= self.threshold)]
            texts = (split.patients[index], split.sources[index], labels[int(split.labels[index])], predicted)
            numbers = (f"{probability:.6f}", f"{self.probabilities[index]:.6f}")
            rows.writerow([path_cell(split.paths[index]), *map(cell, texts), *numbers])
        write_atomic(folder / f"{name}.csv", text.getvalue())


class Evaluator:
    """Evaluates splits with one compiled program.

    Args:
        predictor: of the network.
        class_weights: of the loss, float32 ``[2]``; ones by default.
        smoothing: label smoothing of the loss; None for none.
    """

    def __init__(
        self, predictor: Predictor, class_weights: NDArray[np.float32] | None = None,
        smoothing: np.float32 | None = None,
    ) -> None:  # fmt: skip
        self.predictor, self.smoothing = predictor, smoothing
        self.class_weights = np.ones(2, np.float32) if class_weights is None else class_weights

    def evaluate(
        self, variables: Variables, loader: Loader, phase: str, check_cancelled: CheckCancelled
    ) -> Generator[Preparing, None, EvalResult]:
        """Yield events of progress, and return the result on the split that `loader` holds.

        Raises:
            Cancelled: `check_cancelled` raised it before the last batch.
        """
        split = loader.split
        logits = np.zeros((len(split), 2), np.float32)
        done = 0
        for rows in self.predictor.over(variables, loader):
            logits[done : done + len(rows)] = rows
            done += len(rows)
            yield Preparing(stage=phase, done=done, total=len(split))
            if done < len(split):
                check_cancelled()
        return self.result(logits, split.labels)

    def result(self, logits: NDArray[np.float32], labels: NDArray[np.int32]) -> EvalResult:
        """Return the result for logits ``[N, 2]`` that are computed already."""
        positive = softmax(logits)[:, 1]
        loss = mean_loss(logits, labels, self.class_weights, self.smoothing)
        return EvalResult(metrics(labels, positive, loss), confusion(labels, positive), positive)
