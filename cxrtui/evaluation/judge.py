"""A network judged on one part of the films: metrics, counts and every film's probability."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.data.loader import Feed
from cxrtui.data.prepared.ready import Part
from cxrtui.evaluation.metrics import metrics
from cxrtui.evaluation.predict import Predictor, Weights, softmax
from cxrtui.files import write_atomic
from cxrtui.printable import cell, path_cell
from cxrtui.runs.events import Preparing
from cxrtui.statistics.operating_point import THRESHOLD, confusion

BATCH = 32


@dataclass(frozen=True)
class Judged:
    """The verdict; `probabilities` float64 ``[N]`` are those of the positive class, in the part's order."""

    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    probabilities: NDArray[np.float64]

    def write(self, folder: Path, name: str, part: Part, labels: list[str], step: int) -> None:
        """`<name>.json` (metrics, counts) and `<name>.csv` (a row a film) in `folder`."""
        folder.mkdir(exist_ok=True)  # not its parents: of a run that was deleted no stump comes back
        body = {
            "part": name, "step": step, "threshold": self.threshold, "labels": labels, "note": RESEARCH_ONLY,
            "metrics": {key: value if math.isfinite(value) else None for key, value in self.metrics.items()},
            "counts": self.counts,
        }  # fmt: skip
        write_atomic(folder / f"{name}.json", strict_json.dumps(body, indent=2) + "\n")
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "patient", "source", "label", "called", "probability"])
        for index, probability in enumerate(self.probabilities):
            called = labels[int(probability >= self.threshold)]
            words = (part.patients[index], part.sources[index], labels[int(part.labels[index])], called)
            rows.writerow([path_cell(part.paths[index]), *map(cell, words), f"{probability:.6f}"])
        write_atomic(folder / f"{name}.csv", text.getvalue())


class Judge:
    """Judges parts with one compiled program.

    Args:
        graphdef: the network's description.
        size: side of the network input, pixels.
        side: side of the stored films, pixels.
        weights: class weights of the loss, float32 ``[2]``.
        smoothing: label smoothing of the loss.
        batch: films a call.
    """

    def __init__(
        self, graphdef: Any, size: int, side: int, weights: NDArray[np.float32], smoothing: float, batch: int = BATCH
    ) -> None:
        self.predictor = Predictor(graphdef, size, side, batch)
        self.weights, self.smoothing = weights, smoothing

    def part(
        self, weights: Weights, feed: Feed, stage: str, should_stop: Callable[[], bool]
    ) -> Generator[Preparing, None, Judged | None]:
        """Events of progress, then the verdict on the part that `feed` holds; None where a stop was asked for."""
        part = feed.part
        logits = np.zeros((len(part), 2), np.float32)
        done = 0
        for rows in self.predictor.over(weights, feed):
            logits[done : done + len(rows)] = rows
            done += len(rows)
            yield Preparing(stage=stage, done=done, total=len(part))
            if done < len(part) and should_stop():
                return None
        return self.verdict(logits, part.labels)

    def verdict(self, logits: NDArray[np.float32], labels: NDArray[np.int32]) -> Judged:
        """The verdict on logits ``[N, 2]`` that are there already."""
        probabilities = softmax(logits)
        targets = np.eye(2)[labels] * (1 - self.smoothing) + self.smoothing / 2
        logs = np.log(np.clip(probabilities, 1e-30, 1.0))
        loss = float(np.mean(-(targets * logs).sum(axis=1) * self.weights[labels])) if len(labels) else float("nan")
        positive = probabilities[:, 1]
        return Judged(metrics(labels, positive, loss), confusion(labels, positive), THRESHOLD, positive)
