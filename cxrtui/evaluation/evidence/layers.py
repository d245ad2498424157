"""Makes the heat map of one film as a layer of colours, for a screen that shows the film."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxrtui.data.frontal.righting import UPRIGHT
from cxrtui.data.images.decoding.films import read_film
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.errors import WeightsError
from cxrtui.evaluation.evidence import colours
from cxrtui.evaluation.evidence.explain import Explainer
from cxrtui.evaluation.evidence.layer import Layer
from cxrtui.evaluation.evidence.place import Place, Shape
from cxrtui.evaluation.model import Model

_MOST = 256  # samples along the longer side; a map has 7 or 14 cells there


def film_layer(model: Model, path: Path, film: Shape, method: str = "gradcam", stage: str = "stage4") -> Layer:
    """Compute the heat map of one film; of one that is righted to be classified, over the film as it is.

    Args:
        model: that classifies it.
        path: of the film.
        film: its height and width, pixels.
        method: one of `explain.METHODS`.
        stage: one of `explain.STAGES`.

    Raises:
        FilmError: it cannot be read.
        WeightsError: the model gives no finite map for it.
    """
    shape, display = (model.stored_size, model.config.data.resize_mode), display_of(path)
    read = read_film(path, *shape, display, recognised=True)
    righting = read.view.righting if read.view is not None else UPRIGHT
    if righting:  # as it is classified; the layer is turned back at the end
        read = read_film(path, *shape, display, righting=righting)
        film = (film[1], film[0]) if righting.turned in (90, 270) else film
    explainer = Explainer(model.graphdef, model.size, model.stored_size, method, stage, model.devices, model.layout)
    cells = explainer(model.variables, read.values[None]).maps[0]
    if not np.isfinite(cells).all():
        raise WeightsError(f"{model.name} gives no finite heat map for {path.name}; its weights cannot be used for it.")
    scale = min(1.0, _MOST / max(film))
    samples = (max(1, round(film[0] * scale)), max(1, round(film[1] * scale)))
    heat = Place.of(model, stage).on_film(cells, film, samples)
    drawn = colours.strength(heat, colours.peak(cells))
    pixels = np.ascontiguousarray(np.rot90(colours.layer(drawn), righting.turned // 90))
    return Layer(pixels, max(0.0, float(heat.max())), model.labels[1])
