"""Classifies single files: each file gives one row, and a file that cannot be read gives a row with the reason."""

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
    """The classifier's answer for one file, or in `error` why there is none.

    `label` is the predicted class, `probabilities` are by class, and `notes` say how the pixels had to be read.
    """

    file: str
    ok: bool
    label: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    threshold: float = 0.0
    error: str = ""
    notes: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the row as scripts read it."""
        keys = ("file", "ok", "label", "probabilities", "threshold", "notes") if self.ok else ("file", "ok", "error")
        return {key: value for key, value in asdict(replace(self, notes=list(self.notes))).items() if key in keys}


class Classifier:
    """A model that classifies files: their images are read as for training, and go through the network in batches."""

    def __init__(self, model: Model, batch: int = 8) -> None:
        self.model = model
        self._predictor = Predictor(model.graphdef, model.size, model.stored_size, batch)

    def classify(self, paths: Sequence[Path]) -> Iterator[Classified]:
        """Yield a row for each path, in order; no more than one batch of images is in memory."""
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
        """Yield the rows of one batch, where those of images that could be read have no row yet."""
        images = [film.values for film in films]
        probabilities = softmax(self._predictor(self.model.variables, np.stack(images))) if films else ()
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
    """Return a classifier from a run's best weights or those of `step`, or from a folder of the shelf.

    Raises:
        UsageError, WeightsError: as `model.load`.
    """
    warm()  # starts the process that decodes while the weights are read
    return Classifier(models.load(target, step))
