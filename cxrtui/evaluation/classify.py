"""Classifies single files: each gives one row; one that cannot be read, or is refused, gives a row with the reason.

A file is refused if it is no frontal chest film, by its DICOM tags or by its pixels (`cxrtui.data.frontal`). A film
that is turned or inverted is righted before it is classified, where it is surely a frontal chest film then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.films import Display
from cxrtui.data.frontal.recognise import View
from cxrtui.data.frontal.righting import UPRIGHT, Righting
from cxrtui.data.images.decode import Decoded
from cxrtui.data.images.decoding.films import kept, read_film, warm
from cxrtui.data.images.decoding.process import Cancelled
from cxrtui.data.pool import windowed, workers
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.data.sources.layouts.words import LATERAL, keeps
from cxrtui.data.sources.tags import why_not_frontal
from cxrtui.errors import FilmError
from cxrtui.evaluation import model as models
from cxrtui.evaluation import onnx_runtime
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.rows import Classified
from cxrtui.runs.folder import Run

NOT_FRONTAL = "no frontal chest film"
"""Begins the reason in the row of a film that is refused."""
_BATCH = 8  # films of a device in a call

Engine = Literal["xla", "onnxruntime"]
Network = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""Returns the probabilities ``[n, 2]`` of stored images, uint8 ``[n, S, S]``."""
Found = tuple[Path, Decoded | Classified]
"""A path, and its film or the row that says why it is none."""


class RefusedError(FilmError):
    """A film that can be read is no frontal chest film; the message is the reason."""


class Classifier:
    """A model that classifies files: their images are read as for training, and go through the network in batches.

    A film whose probability is nearer to the threshold than `margin` has no label.
    """

    def __init__(self, model: Model, batch: int = _BATCH, margin: float = 0.0, network: Network | None = None) -> None:
        self.model, self.margin, self._batch = model, margin, batch
        self._network = network or _by_xla(model, batch)

    def classify(self, paths: Iterable[Path], *, refuse: bool = True) -> Iterator[Classified]:
        """Yield a row for each path, in order; some films ahead of the network are decoded, on all cores.

        The first film goes through the network alone, so that its row comes soon. Without `refuse`, every film that can
        be read is classified as it is, and its row says what it looks like.
        """
        ended = threading.Event()
        found: list[Found] = []

        def read(path: Path) -> Found:
            return path, self._found(path, refuse, ended.is_set)

        with kept(), ThreadPoolExecutor(workers(), "cxrtui-classify") as pool:
            try:
                wanted = 1
                for item in windowed(pool, paths, read):
                    found.append(item)
                    films = sum(isinstance(what, Decoded) for _, what in found)
                    if films in (0, wanted) or len(found) >= 4 * self._batch:
                        yield from self._rows(found)
                        found, wanted = [], self._batch if films else wanted
                yield from self._rows(found)
            finally:
                ended.set()  # the pool waits for the films that are being decoded

    def _found(self, path: Path, refuse: bool, cancelled: Cancelled) -> Decoded | Classified:
        """Return a film as it goes to the network, or the row that says why it does not."""
        try:
            return self._read(path, refuse, cancelled)
        except RefusedError as error:
            return Classified(str(path), ok=False, error=f"{NOT_FRONTAL}: {error}", refused=True)
        except FilmError as error:
            return Classified(str(path), ok=False, error=str(error))

    def _read(self, path: Path, refuse: bool, cancelled: Cancelled) -> Decoded:
        """Return a film as it goes to the network, with the notes on what was done to it.

        Raises:
            FilmError: it cannot be read, or (RefusedError) is refused.
            CancelledError: `cancelled` said so.
        """
        display = display_of(path)
        film = self._decoded(path, display, cancelled)
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
        righted = self._decoded(path, display, cancelled, view.righting)
        return replace(righted, notes=(*film.notes, view.righting.note), view=view)

    def _decoded(
        self, path: Path, display: Display | None, cancelled: Cancelled, righting: Righting = UPRIGHT
    ) -> Decoded:
        return read_film(path, self.model.stored_size, self.model.config.data.resize_mode, display, cancelled,
                         righting=righting, recognised=not righting)  # fmt: skip

    def _why_not(self, view: View) -> str:
        """Return why a film is refused by its pixels; a model of lateral views classifies these."""
        taken = view.kind == LATERAL and keeps(self.model.config.data.views, LATERAL)
        return "" if taken else view.refused

    def _rows(self, found: Sequence[Found]) -> Iterator[Classified]:
        """Yield the rows of what was found at some paths, after the films among it went through the network."""
        images = [what.values for _, what in found if isinstance(what, Decoded)]
        probabilities = iter(self._network(np.stack(images)) if images else ())
        for path, what in found:
            yield what if isinstance(what, Classified) else self._row(path, next(probabilities), what)

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


def _by_xla(model: Model, batch: int) -> Network:
    from cxrtui.evaluation.predict import OneOrMany  # imports JAX, which another engine does not need

    return OneOrMany(
        model.variables, batch, graphdef=model.graphdef, size=model.size, stored_size=model.stored_size,
        layout=model.layout, table=model.table,
    )  # fmt: skip


def load(
    target: Run | Path, step: int | None = None, *, calibrated: bool = True, margin: float = 0.0,
    engine: Engine = "xla", drawing: bool = True, devices: int = 1,
) -> Classifier:  # fmt: skip
    """Return a classifier from a run's best weights or those of `step`, or from a folder of the shelf.

    Args:
        target: the run, or the folder.
        step: of a run, the checkpoint to take instead of the best one.
        calibrated: if False, it gives the network's own probabilities.
        margin: as in `Classifier`.
        engine: computes the network.
        drawing: whether heat maps are to be drawn, which need the network of XLA beside another engine's.
        devices: that share each batch, as in `model.load`; another engine uses none of them.

    Raises:
        UsageError, WeightsError: as `model.load`.
        UsageError: the engine is not installed.
    """
    if engine == "onnxruntime":
        onnx_runtime.require()
    warm()  # starts the process that decodes while the weights are read
    network: Network | None = None
    if engine == "xla":
        model = models.load(target, step, devices=devices)
    else:
        model = models.load(target, step, network=drawing)
        body = onnx_runtime.kept(model)
        if body is None:
            model = model if drawing else models.load(target, step)
            body = onnx_runtime.converted(model)
        network = onnx_runtime.OnnxNetwork(body)
    return Classifier(model if calibrated else model.uncalibrated, _BATCH * model.devices, margin, network)
