"""Tests whether heat maps depend on the weights: the cascading randomisation of Adebayo et al. 2018 (arXiv:1810.03292).

From the head down, one group of the network after the other is put back to random initial values. A map that hardly
changes shows the film's edges and not what the network has learnt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flax import nnx
from numpy.typing import NDArray
from scipy import ndimage, stats

from cxrtui.evaluation.evidence import colours
from cxrtui.evaluation.evidence.explain import Explainer
from cxrtui.evaluation.evidence.place import Place
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.predict import Variables
from cxrtui.net import freeze
from cxrtui.net.classifier import create
from cxrtui.net.resnet import GROUPS

CASCADE = ("head", *reversed(GROUPS))
_WINDOW = 1.5  # pixels, standard deviation of the window of the structural similarity


@dataclass(frozen=True)
class Similarity:
    """How alike the maps are before and after the groups down to `group` were randomised; means over films and draws.

    Attributes:
        group: the last of the groups that were randomised; all of those above it were, too.
        rank: Spearman's rank correlation of the cells: 1 for the same order, 0 for unrelated maps.
        magnitude: mean of its magnitude, because a random head may turn the sign of a map and keep its shape.
        structure: structural similarity (Wang et al. 2004) of the maps as they are drawn: 1 for the same picture.
    """

    group: str
    rank: float
    magnitude: float
    structure: float


def randomisation(
    model: Model, images: NDArray[np.uint8], method: str = "gradcam", stage: str = "stage4",
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
) -> list[Similarity]:  # fmt: skip
    """Return how alike maps stay, one row for each group from the head down to the stem.

    Args:
        model: a trained classifier.
        images: of films that were not trained on, uint8 ``[N, S, S]`` with the model's stored size.
        method: one of `explain.METHODS`.
        stage: one of `explain.STAGES`.
        seeds: one draw of random variables for each; they differ from the seed of the training.
    """
    explainer = Explainer(model.graphdef, model.size, model.stored_size, method, stage, batch=min(8, len(images)))
    place, put = Place.of(model, stage), explainer.layout.put_state  # in the same place, so that one program does all
    trained = explainer(put(model.variables), images).maps
    found: dict[str, list[tuple[float, float]]] = {group: [] for group in CASCADE}
    for seed in seeds:
        for group, variables in cascade(model, seed):
            changed = explainer(put(variables), images).maps
            found[group] += [
                (rank(a, b), structure(_drawn(a, place), _drawn(b, place)))
                for a, b in zip(trained, changed, strict=True)
            ]
    rows = {group: np.asarray(values) for group, values in found.items()}
    return [
        Similarity(group, float(row[:, 0].mean()), float(np.abs(row[:, 0]).mean()), float(row[:, 1].mean()))
        for group, row in rows.items()
    ]


def cascade(model: Model, seed: int) -> Iterator[tuple[str, Variables]]:
    """Yield for each group from the head down the variables in which it and all above it are random.

    Parameters and running statistics of such a group are those with which a network begins.
    """
    network = model.network()
    fresh = nnx.to_flat_state(nnx.state(create(network.spec, seed)))
    state = nnx.to_flat_state(nnx.state(network))
    values = dict(state)
    random = dict(fresh)
    for group in CASCADE:
        values = {path: random[path] if freeze.group_of(path) == group else value for path, value in values.items()}
        nnx.update(network, nnx.from_flat_state(values.items()))
        _, trainable, frozen, statistics = freeze.split(network)
        yield group, {"trainable": trainable, "frozen": frozen, "statistics": statistics}


def rank(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return Spearman's rank correlation of the cells of two maps; 0 if either is the same everywhere."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a.ravel(), b.ravel()).statistic)


def structure(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the structural similarity of two images in [0, 1], float32 ``[H, W]``, by a Gaussian window."""

    def smooth(image: Any) -> NDArray[np.float64]:
        return np.asarray(ndimage.gaussian_filter(image.astype(np.float64), _WINDOW, truncate=3.5))

    mean_a, mean_b = smooth(a), smooth(b)
    spread_a, spread_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
    shared = smooth(a * b) - mean_a * mean_b
    small, smaller = 0.01**2, 0.03**2
    lightness = (2 * mean_a * mean_b + small) / (mean_a**2 + mean_b**2 + small)
    return float((lightness * (2 * shared + smaller) / (spread_a + spread_b + smaller)).mean())


def _drawn(cells: NDArray[np.float32], place: Place) -> NDArray[np.float32]:
    """Return a map as it is drawn over the network's input, float32 ``[size, size]`` in [0, 1]."""
    square = Place(place.size, place.stored_size, "stretch", place.stride)
    return colours.strength(square.on_film(cells, (place.size, place.size)), colours.peak(cells))
