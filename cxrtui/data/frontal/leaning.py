"""This module finds out whether an image that is refused is a frontal film that leans, and by how much."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from cxrtui.data.frontal.features import features
from cxrtui.data.frontal.model import Weights
from cxrtui.data.frontal.thumbnail import FIRST, thumbnail

_COARSE = (-15, 15, -30, 30)
"""Degrees that are tried; a film that leans by less mostly passes as it is."""
_FINE = (-10, -5, 5, 10)
"""Degrees from the best of them that are tried then."""


def lean(image: Image.Image, weights: Weights) -> int:
    """Return the degrees clockwise by which a frontal film leans, to about five; 0 if an `image` in mode L is none.

    It is one if it passes for a frontal film once it is turned back.
    """
    shrunk = image.copy()
    shrunk.thumbnail((FIRST, FIRST), Resampling.BILINEAR)

    def likely(angle: int) -> float:
        straight = shrunk.rotate(angle, Resampling.BILINEAR)  # Pillow turns counterclockwise
        weighed = weights.weigh(features(thumbnail(straight)[None]))
        return float(weighed.log_odds[0]) if weights.takes(weighed)[0] else -np.inf

    found = {angle: likely(angle) for angle in _COARSE}
    best = max(found, key=lambda angle: found[angle])
    if found[best] < weights.accept:
        return 0
    found |= {best + more: likely(best + more) for more in _FINE}
    return max(found, key=lambda angle: found[angle])
