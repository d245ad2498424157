"""Chosen files in, a row each out; a file that cannot be read is a row too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.data.images.decode import Decoded
from cxrtui.data.images.decoding.films import read_film, warm
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.errors import FilmError
from cxrtui.evaluation import model as models
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.predict import Predictor, softmax
from cxrtui.runs.folder import Run


@dataclass(frozen=True)
class Classified:
    """What the classifier says of one file, or why it says nothing; `notes` are on how its pixels were read."""

    file: str
    ok: bool
    label: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    threshold: float = 0.0
    error: str = ""
    notes: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """The row as scripts read it."""
        keys = ("file", "ok", "label", "probabilities", "threshold", "notes") if self.ok else ("file", "ok", "error")
        return {key: value for key, value in asdict(replace(self, notes=list(self.notes))).items() if key in keys}


class Classifier:
    """A model ready for files: films are read as for training, and classified a batch at a time."""

    def __init__(self, model: Model, batch: int = 8) -> None:
        self.model = model
        self._predictor = Predictor(model.graphdef, model.size, model.stored_size, batch)

    def classify(self, paths: Sequence[Path]) -> Iterator[Classified]:
        """A row for each path, in order; memory is bounded by one film and one batch."""
        rows: list[Classified | None] = []
        films: list[Decoded] = []
        for path in paths:
            try:
                films.append(
                    read_film(path, self.model.stored_size, self.model.config.data.resize_mode, display_of(path))
                )
                rows.append(None)
            except FilmError as error:
                rows.append(Classified(str(path), ok=False, error=str(error)))
            if len(films) == self._predictor.batch or len(rows) >= 4 * self._predictor.batch:
                yield from self._finish(paths, rows, films)
                paths, rows, films = paths[len(rows) :], [], []
        yield from self._finish(paths, rows, films)

    def _finish(
        self, paths: Sequence[Path], rows: list[Classified | None], films: list[Decoded]
    ) -> Iterator[Classified]:
        """The rows of one batch, the open ones filled in."""
        images = [film.values for film in films]
        probabilities = softmax(self._predictor(self.model.weights, np.stack(images))) if films else ()
        found = zip(probabilities, films, strict=True)
        for path, row in zip(paths, rows, strict=False):
            yield row if row is not None else self._row(path, *next(found))

    def _row(self, path: Path, probabilities: Any, film: Decoded) -> Classified:
        negative, positive = self.model.labels
        if not np.isfinite(probabilities).all():
            return Classified(str(path), ok=False, error=f"{self.model.name} gives no finite probability for it")
        return Classified(
            str(path),
            ok=True,
            label=positive if probabilities[1] >= self.model.threshold else negative,
            probabilities={negative: float(probabilities[0]), positive: float(probabilities[1])},
            threshold=self.model.threshold,
            notes=film.notes,
        )


def load(target: Run | Path, step: int | None = None) -> Classifier:
    """A classifier from a run's best weights, or those of `step`, or a folder of the shelf.

    Raises:
        UsageError, WeightsError: as `model.load`.
    """
    warm()  # the process that decodes starts while the weights are read
    return Classifier(models.load(target, step))
