"""Classifies single files: each gives one row; one that cannot be read, or is refused, gives a row with the reason.

A file is refused if it is no frontal chest film, by its DICOM tags or by its pixels (`cxrtui.data.frontal`). A film
that is turned or inverted is righted before it is classified, where it is surely a frontal chest film then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.data.films import Display
from cxrtui.data.frontal.recognise import View
from cxrtui.data.frontal.righting import UPRIGHT, Righting
from cxrtui.data.images.decode import Decoded
from cxrtui.data.images.decoding.films import read_film, warm
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.data.sources.layouts.words import LATERAL, keeps
from cxrtui.data.sources.tags import why_not_frontal
from cxrtui.errors import FilmError
from cxrtui.evaluation import model as models
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.predict import Predictor, softmax
from cxrtui.evaluation.rows import Classified
from cxrtui.runs.folder import Run

NOT_FRONTAL = "no frontal chest film"
"""Begins the reason in the row of a film that is refused."""


class RefusedError(FilmError):
    """A film that can be read is no frontal chest film; the message is the reason."""


class Classifier:
    """A model that classifies files: their images are read as for training, and go through the network in batches.

    A film whose probability is nearer to the threshold than `margin` has no label.
    """

    def __init__(self, model: Model, batch: int = 8, margin: float = 0.0) -> None:
        self.model, self.margin = model, margin
        self._predictor = Predictor(model.graphdef, model.size, model.stored_size, batch, table=model.table)

    def classify(self, paths: Sequence[Path], *, refuse: bool = True) -> Iterator[Classified]:
        """Yield a row for each path, in order; no more than one batch of images is in memory.

        Without `refuse`, every film that can be read is classified as it is, and its row says what it looks like.
        """
        rows: list[Classified | None] = []
        films: list[Decoded] = []
        for path in paths:
            try:
                films.append(self._read(path, refuse))
                rows.append(None)
            except RefusedError as error:
                rows.append(Classified(str(path), ok=False, error=f"{NOT_FRONTAL}: {error}", refused=True))
            except FilmError as error:
                rows.append(Classified(str(path), ok=False, error=str(error)))
            if len(films) == self._predictor.batch or len(rows) >= 4 * self._predictor.batch:
                yield from self._finish(paths, rows, films)
                paths, rows, films = paths[len(rows) :], [], []
        yield from self._finish(paths, rows, films)

    def _read(self, path: Path, refuse: bool) -> Decoded:
        """Return a film as it goes to the network, with the notes on what was done to it.

        Raises:
            FilmError: it cannot be read, or (RefusedError) is refused.
        """
        display = display_of(path)
        film = self._decoded(path, display)
        view = film.view or View()
        why_not = why_not_frontal(path, self.model.config.data.views) or self._why_not(view)
        if not refuse:
            looks = why_not or view.righting.wrong
            note = (
                f"refusal is off (--no-refuse){f'; by default it is not classified as it is: {looks}' if looks else ''}"
            )
            return replace(film, notes=(*film.notes, note), view=None)
        if why_not:
            raise RefusedError(why_not)
        if not view.righting:
            return film
        righted = self._decoded(path, display, view.righting)
        return replace(righted, notes=(*film.notes, view.righting.note), view=view)

    def _decoded(self, path: Path, display: Display | None, righting: Righting = UPRIGHT) -> Decoded:
        return read_film(path, self.model.stored_size, self.model.config.data.resize_mode, display, righting=righting,
                         recognised=not righting)  # fmt: skip

    def _why_not(self, view: View) -> str:
        """Return why a film is refused by its pixels; a model of lateral views classifies these."""
        taken = view.kind == LATERAL and keeps(self.model.config.data.views, LATERAL)
        return "" if taken else view.refused

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
        operation = self.model.operation
        if not np.isfinite(probabilities).all():
            return Classified(str(path), ok=False, error=f"{self.model.name} gives no finite probability for it")
        shown = float(operation.calibration(probabilities[1]))
        other = 1.0 - shown if operation.is_calibrated else float(probabilities[0])
        abstained = abs(shown - operation.threshold) < self.margin
        note = f"its probability is within {self.margin:g} of the threshold: no answer (--abstain)"
        return Classified(
            str(path),
            ok=True,
            label="" if abstained else positive if shown >= operation.threshold else negative,
            probabilities={negative: other, positive: shown},
            threshold=operation.threshold,
            notes=(*film.notes, *([note] if abstained else [])),
            abstained=abstained,
            calibrated=operation.is_calibrated,
            turned=film.view.turned if film.view is not None else 0,
            inverted=film.view is not None and film.view.inverted,
            unrefused=film.view is None,
        )


def load(
    target: Run | Path, step: int | None = None, *, calibrated: bool = True, margin: float = 0.0
) -> Classifier:  # fmt: skip
    """Return a classifier from a run's best weights or those of `step`, or from a folder of the shelf.

    Without `calibrated`, it gives the network's own probabilities; `margin` is as in `Classifier`.

    Raises:
        UsageError, WeightsError: as `model.load`.
    """
    warm()  # starts the process that decodes while the weights are read
    model = models.load(target, step)
    return Classifier(model if calibrated else model.uncalibrated, margin=margin)
