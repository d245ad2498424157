"""Colours a heat map over a film: only what speaks for the positive class, in colours that rise in lightness.

The colours are those of viridis (van der Walt and Smith 2015, CC0), which differ in lightness all along and so for a
reader who does not tell red from green too. An area without evidence keeps the film's own grey.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_VIRIDIS = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99),
    (170, 220, 50), (253, 231, 37),
)  # fmt: skip
TABLE: NDArray[np.uint8] = np.stack(
    [
        np.rint(np.interp(np.linspace(0, 1, 256), np.linspace(0, 1, len(_VIRIDIS)), channel))
        for channel in np.transpose(_VIRIDIS)
    ],
    axis=-1,
).astype(np.uint8)
"""RGB, uint8 ``[256, 3]``, of evidence from none to the strongest."""

OPACITY = 0.4
_FULL_FROM = 0.35  # from this share of the strongest evidence on, the colour has the whole opacity


def strength(heat: NDArray[np.float32], strongest: float) -> NDArray[np.float32]:
    """Return what is drawn of a map, float32 of the same shape in [0, 1].

    Args:
        heat: log odds, of any shape.
        strongest: log odds that are drawn as 1. `peak` gives the strongest of either sign, so that a film on which
            little speaks for the positive class shows little colour.
    """
    return np.clip(heat / np.float32(strongest), 0, 1) if strongest > 0 else np.zeros_like(heat)


def peak(cells: NDArray[np.float32]) -> float:
    """Return the largest magnitude of a map's cells, in log odds; 0 for a map of zeros."""
    return float(np.abs(cells).max(initial=0))


def layer(drawn: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return what lies over a film: red, green, blue and alpha, uint8 ``[H, W, 4]``, of `drawn`, float32 in [0, 1]."""
    alpha = np.clip(drawn / _FULL_FROM, 0, 1) * 255
    return np.dstack([TABLE[np.rint(drawn * 255).astype(np.uint8)], np.rint(alpha).astype(np.uint8)])


def blend(film: NDArray[np.uint8], drawn: NDArray[np.float32], opacity: float = OPACITY) -> NDArray[np.uint8]:
    """Return the film, uint8 ``[H, W]``, under the colours of `drawn`, float32 ``[H, W]`` in [0, 1]: ``[H, W, 3]``."""
    over = layer(drawn).astype(np.float32)
    share = over[..., 3:] * np.float32(opacity / 255)
    mixed = film[..., None].astype(np.float32) * (1 - share) + over[..., :3] * share
    return np.asarray(np.rint(mixed), np.uint8)
