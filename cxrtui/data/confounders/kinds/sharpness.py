"""Sharpness and noise of the frame, pixel by pixel: power spectrum, noise level and the blocks that JPEG leaves.

The spectrum of the noise differs between detectors and processings, and survives most changes of size (for devices:
Lukáš, Fridrich and Goljan, IEEE Trans. Information Forensics and Security 1, 2006). The noise level is that of
Immerkær (Computer Vision and Image Understanding 64, 1996).
"""

from __future__ import annotations

import numpy as np

from cxrtui.data.confounders.film import Values
from cxrtui.data.confounders.frame import SHARE, Pixels, strips
from cxrtui.data.confounders.kinds.kind import Kind

_TILE = 16  # pixels
_TILES = 12  # along each edge
_BANDS = (0.05, 0.1, 0.16, 0.22, 0.3, 0.4, 0.71)  # edges of the bands, cycles a pixel
_FLAT = 1.0  # standard deviation of a tile without content, greys
_BLOCK = 8  # pixels, of JPEG

_frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_TILE), np.fft.fftfreq(_TILE)))
_window = np.outer(np.hanning(_TILE), np.hanning(_TILE))


def measure(image: Pixels) -> Values:
    """Return the logarithm of the power in each band, the noise in greys, JPEG's blocks, and the share of flat tiles.

    The blocks are the difference between neighbours across the edges of 8×8 blocks, by that of other neighbours. All
    but the share is None where the frame is flat.
    """
    names = [f"band {band}" for band in range(len(_BANDS) - 1)]
    if min(image.shape) < 2 * _TILE:
        return dict.fromkeys(["flat", *names, "noise", "blocks"])
    tiles = _tiles(image)
    textured = tiles[tiles.std(axis=(1, 2)) > _FLAT]
    values: dict[str, float | None] = {"flat": round(1 - len(textured) / len(tiles), 3)}
    if not len(textured):
        return values | dict.fromkeys([*names, "noise", "blocks"])
    power = np.abs(np.fft.fft2((textured - textured.mean(axis=(1, 2), keepdims=True)) * _window)) ** 2
    for name, low, high in zip(names, _BANDS[:-1], _BANDS[1:], strict=True):
        band = power[:, (_frequency >= low) & (_frequency < high)].mean(axis=1)
        values[name] = round(float(np.median(np.log10(band + 1e-3))), 3)  # the median, so that a marker counts little
    # Immerkær's mask is the difference of two Laplacians, which straight edges do not excite.
    rows = textured[:, :-2] - 2 * textured[:, 1:-1] + textured[:, 2:]
    both = rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:]
    values["noise"] = round(float(np.median(np.sqrt(np.pi / 2) / 6 * np.abs(both).mean(axis=(1, 2)))), 3)
    values["blocks"] = _blocks(image)
    return values


def _tiles(image: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return tiles of the frame at even distances, float64 `[T, 16, 16]`."""
    height, width = image.shape
    down, right = ((side * SHARE - _TILE) / 2 for side in image.shape)
    top, left = max(0, round(down)), max(0, round(right))
    places = []
    for along in np.linspace(0, 1, _TILES):
        x, y = round(along * (width - _TILE)), round(along * (height - _TILE))
        places += [(top, x), (height - _TILE - top, x), (y, left), (y, width - _TILE - left)]
    return np.stack([image[y : y + _TILE, x : x + _TILE] for y, x in places]).astype(np.float64)


def _blocks(image: Pixels) -> float | None:
    """Return the mean difference of neighbours across blocks, by that of others; None where these do not differ."""
    top, bottom, left, right = strips(image)
    across: list[float] = []
    for strip in (top, bottom, left.T, right.T):
        offset = 0
        if strip is not top and strip is not bottom:
            offset = len(top)  # these strips begin below the top one
        steps = np.abs(np.diff(strip.astype(np.int16), axis=1)).mean(axis=0)
        at_edge = (np.arange(len(steps)) + offset) % _BLOCK == _BLOCK - 1
        if at_edge.any() and (others := steps[~at_edge].mean()) > 0:
            across.append(float(steps[at_edge].mean() / others))
    return round(float(np.mean(across)), 3) if across else None


KIND = Kind(
    "sharpness", "sharpness and noise outside the lungs",
    "reduce all films to one resolution before the training, or choose a smaller data.size; then look again",
    measure=measure, decoded=True,
)  # fmt: skip
