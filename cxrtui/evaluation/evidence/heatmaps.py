"""Writes the heat map of each film that was classified, as a picture in a folder."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cxrtui.data.frontal.righting import Righting
from cxrtui.data.images.decoding.films import decode, read_film
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.disk import with_remedy
from cxrtui.errors import FilmError, UsageError
from cxrtui.evaluation.evidence.colours import OPACITY
from cxrtui.evaluation.evidence.explain import Explainer
from cxrtui.evaluation.evidence.overlay import Caption, draw, png
from cxrtui.evaluation.evidence.place import Place
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.rows import Classified
from cxrtui.files import write_atomic
from cxrtui.printable import printable

ENDING = ".heatmap.png"
_LONGEST = 200  # bytes of a film's name in the name of its heat map; most disks allow 255 in all
_BATCH = 8  # films of a device in a call


class HeatMaps:
    """Draws the heat maps of one classification.

    After the disk has refused one picture, none is tried again, and the rows go on without; `refused` says why.

    Args:
        model: that classified the films.
        folder: of the pictures; it is made if it is missing.
        paths: of all films, from which the names of the pictures are made.
        method: one of `explain.METHODS`.
        stage: one of `explain.STAGES`.
        opacity: of the strongest colours, 0 to 1.
        on_problem: is called with one sentence when a picture could not be made.

    Raises:
        UsageError: the folder cannot be made.
    """

    def __init__(
        self, model: Model, folder: Path, paths: Sequence[Path], *, method: str = "gradcam", stage: str = "stage4",
        opacity: float = OPACITY, on_problem: Callable[[str], None] = lambda problem: None,
    ) -> None:  # fmt: skip
        self.model, self.folder, self.method, self.stage, self.opacity = model, folder, method, stage, opacity
        self.failed = 0
        self.refused = ""
        self._on_problem = on_problem
        self._names = names(paths, folder)
        self._place = Place.of(model, stage)
        self._most = _BATCH * model.devices
        self._explainer = Explainer(model.graphdef, model.size, model.stored_size, method, stage, self._most,
                                    model.layout)  # fmt: skip
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"Cannot make the folder {folder}: {with_remedy(error)}.") from None

    def rows(self, rows: Iterable[Classified]) -> Iterator[Classified]:
        """Yield each row with the path of its heat map in `heatmap`, which is empty where there is none."""
        for batch in _batches(rows, self._most):
            yield from self._batch(batch)

    def _batch(self, rows: Sequence[Classified]) -> Iterator[Classified]:
        films = {}
        for row in rows:
            if row.ok and not self.refused:
                try:
                    films[row.file] = self._stored(Path(row.file), Righting(row.turned, row.inverted))
                except FilmError as error:
                    self._problem(f"{row.file}: no heat map: {error}")
        maps = dict(zip(films, self._explainer(self.model.variables, np.stack([*films.values()])).maps, strict=True)
                    if films else ())  # fmt: skip
        for row in rows:
            cells = maps.get(row.file)
            yield replace(row, heatmap="" if cells is None or self.refused else self._write(row, cells))

    def _stored(self, path: Path, righting: Righting) -> np.ndarray:
        model, display = self.model, display_of(path)
        return read_film(path, model.stored_size, model.config.data.resize_mode, display, righting=righting).values

    def _write(self, row: Classified, cells: np.ndarray) -> str:
        """Write the picture of one film, and return its path; empty if it could not be made."""
        path = Path(row.file)
        if not np.isfinite(cells).all():
            return self._problem(f"{row.file}: no heat map: {self.model.name} gives no finite one for it")
        positive = self.model.labels[1]
        caption = Caption(self.model.name, row.label, positive, row.probabilities[positive], row.threshold,
                          self.method, self.stage)  # fmt: skip
        target = self.folder / self._names[path]
        try:
            film = decode(path, display_of(path), Righting(row.turned, row.inverted)).values
            picture = draw(film, cells, self._place, caption, self.opacity)
            write_atomic(target, png(picture, row.file, caption), durable=False)
        except FilmError as error:
            return self._problem(f"{row.file}: no heat map: {error}")
        except OSError as error:
            self.refused = f"Cannot write {target}: {with_remedy(error)}; no more heat maps are written."
            return self._problem(self.refused)
        return str(target)

    def _problem(self, text: str) -> str:
        self.failed += 1
        self._on_problem(printable(text))
        return ""


def names(paths: Sequence[Path], folder: Path) -> dict[Path, str]:
    """Return the name of each film's picture in `folder`; it does not depend on the order of the films.

    It is the film's name without its ending. Where several films would share one, or a picture would replace one of
    the films, eight digits of the SHA-256 of the film's absolute path tell them apart.
    """
    plain = {path: _short(printable(path.stem)) + ENDING for path in paths}
    places = {path: os.path.abspath(path) for path in plain}
    uses = Counter(name.casefold() for name in {places[path]: name for path, name in plain.items()}.values())
    films = set(places.values())
    return {
        path: _distinct(name, places[path])
        if uses[name.casefold()] > 1 or os.path.abspath(folder / name) in films
        else name
        for path, name in plain.items()
    }


def _short(stem: str) -> str:
    return stem.replace("\\", "_").encode()[:_LONGEST].decode(errors="ignore").lstrip(".") or "film"


def _distinct(name: str, place: str) -> str:
    digits = hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    return f"{name.removesuffix(ENDING)}-{digits}{ENDING}"


def _batches(rows: Iterable[Classified], most: int) -> Iterator[tuple[Classified, ...]]:
    each = iter(rows)
    while batch := tuple(itertools.islice(each, most)):
        yield batch
