"""Measures how well a heat map lies on a known area, such as the true opacity of a phantom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Location:
    """Where the evidence for the positive class lies, against an area of the film.

    Attributes:
        mass: share of the evidence above zero that lies within the area; NaN if there is none.
        area: share of the film that the area takes up, which is `mass` for a map that is the same everywhere.
        hit: whether the strongest point lies within the area (the "pointing game" of Zhang et al. 2016,
            arXiv:1608.00507).
    """

    mass: float
    area: float
    hit: bool


def locate(heat: NDArray[np.float32], area: NDArray[np.bool_]) -> Location:
    """Compare a map over a film, float32 ``[H, W]``, with an area of it, bool ``[H, W]``."""
    evidence = np.maximum(heat, 0).astype(np.float64)
    whole = float(evidence.sum())
    strongest = np.unravel_index(int(np.argmax(heat)), heat.shape)
    return Location(float(evidence[area].sum()) / whole if whole > 0 else float("nan"), float(area.mean()),
                    bool(area[strongest]))  # fmt: skip
