"""Shows example films with heat maps: only where somebody asked for them, because films are of people.

The pictures have no names of files and no metadata; the films are those on which the classifier is surest to be right
and surest to be wrong, of both classes.
"""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cxrtui.data.images.decoding.films import decode
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.errors import CxrtuiError, DataError
from cxrtui.evaluation import classify
from cxrtui.evaluation.comparison import predictions
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.evaluation.evidence.heatmaps import HeatMaps
from cxrtui.evaluation.report.blocks import Block, Picture, Pictures, Section, Text
from cxrtui.evaluation.rows import Classified
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState

MOST = 24
_SIDE = 480  # pixels of a picture's longer side at most
_CONSENT = (
    "These are films of people. They are shown because whoever made this report asked for them (--with-films) and "
    "answers for the consent, or the licence, under which the page may be passed on. Names of files are left out; "
    "letters that are burnt into a film are not."
)


def section(run: Run, state: RunState, count: int, on_progress: OnProgress = no_progress) -> Section:
    """Return the section with up to `count` test films, or validation films where there is no test.

    Raises:
        DataError: the run has no evaluated films, or none of their files is there.
        WeightsError: the run's weights cannot be read.
    """
    split = next((name for name in ("test", "validation") if name in state.evaluations), None)
    if split is None:
        raise DataError(f"Run {run.name} has no evaluated films to show; leave --with-films out.")
    found = predictions.read(run, split, state.labels)
    chosen = [place for place in _chosen(found) if Path(found.paths[place]).is_file()][:count]
    if not chosen:
        raise DataError(f"No film of evaluation/{split}.csv of run {run.name} is where it was; leave --with-films out.")
    paths = [Path(found.paths[place]) for place in chosen]
    classifier = classify.load(run)
    pictures: list[Picture] = []
    blocks: list[Block] = [
        Text(_CONSENT, "caution"),
        Text(f"Films of the {split} on which the classifier is surest, wrong ones and right ones of both classes. "
             "Colours say what speaks for the positive class (Grad-CAM of the last stage); they are no outline of a "
             "disease."),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        maps = HeatMaps(classifier.model, Path(folder), paths)
        for done, (place, row) in enumerate(zip(chosen, maps.rows(classifier.classify(paths)), strict=True), 1):
            on_progress("drawing heat maps", done, len(chosen))
            pictures += _pictures(row, state.labels[found.labels[place]], done)
    return Section("films", "Example films", [*blocks, Pictures(pictures)])


def _chosen(films: Predictions) -> list[int]:
    """Return the films, the surest of each of the four kinds in turn: missed, false alarms, found, rightly negative."""
    kinds = [
        [int(place) for place in np.flatnonzero((films.labels == truth) & (films.predicted == predicted))]
        for truth, predicted in ((1, 0), (0, 1), (1, 1), (0, 0))
    ]
    for kind, (_, predicted) in zip(kinds, ((1, 0), (0, 1), (1, 1), (0, 0)), strict=True):
        kind.sort(key=lambda place: films.scores[place], reverse=predicted == 1)
    longest = max(map(len, kinds), default=0)
    return [kind[turn] for turn in range(longest) for kind in kinds if turn < len(kind)]


def _pictures(row: Classified, truth: str, number: int) -> Sequence[Picture]:
    """Return the film and its heat map as pictures; none if it cannot be read."""
    if not row.ok:
        return ()
    (_, (positive, probability)) = list(row.probabilities.items())
    said = f"{truth}, predicted {row.label}: {positive} {100 * probability:.1f} %"
    path = Path(row.file)
    try:
        film = Image.fromarray(decode(path, display_of(path)).values)
    except CxrtuiError:
        return ()
    found = [Picture(_address(film), f"Chest X-ray number {number} of this report.", f"Film {number}: {said}")]
    if row.heatmap:
        with Image.open(row.heatmap) as drawn:
            found.append(Picture(
                _address(drawn), f"Film {number} with a heat map; below it the answer: {said}.",
                f"Film {number}, heat map",
            ))  # fmt: skip
    return found


def _address(picture: Image.Image) -> str:
    """Return a picture as a data URI of a JPEG without metadata."""
    small = picture.convert("RGB" if picture.mode != "L" else "L")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
