"""A heat map as a layer of colours, for a screen that shows the film; `layers` makes it. This module imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Layer:
    """A heat map that covers a film from corner to corner.

    Attributes:
        pixels: red, green, blue and alpha, uint8 ``[h, w, 4]``.
        strongest: log odds of the area that speaks most for the positive class; 0 if none does.
        positive: label of the positive class.
    """

    pixels: NDArray[np.uint8]
    strongest: float
    positive: str
