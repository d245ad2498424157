"""Images that have all of a film's texture and not its layout: what is no chest must not pass for its texture.

They stand for kinds that nobody thought of. Each is seeded by its generator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from altered import Picture, Rng, inverted
from PIL import Image

_EDGE = 224  # pixels
_GRID = 5  # points of a warp's mesh along an edge


def _values(film: Picture) -> np.ndarray:
    return np.asarray(film.resize((_EDGE, _EDGE), Image.Resampling.BILINEAR))


def shuffled(film: Picture, rng: Rng) -> Picture:
    """Tiles in another order."""
    values = _values(film)
    down, across = [(2, 2), (3, 3), (4, 4), (1, 4), (3, 1), (2, 3)][int(rng.integers(6))]
    high, wide = _EDGE // down, _EDGE // across
    tiles = [values[y * high : (y + 1) * high, x * wide : (x + 1) * wide] for y in range(down) for x in range(across)]
    order = rng.permutation(len(tiles))
    while np.mean(order == np.arange(len(tiles))) > 0.3:
        order = rng.permutation(len(tiles))
    rows = [np.hstack([tiles[order[y * across + x]] for x in range(across)]) for y in range(down)]
    return Image.fromarray(np.vstack(rows))


def swapped(film: Picture, rng: Rng) -> Picture:
    """The outer edges in the middle: left and right halves exchanged, or upper and lower ones, or rolled."""
    values = _values(film)
    choice = rng.random()
    if choice < 0.5:
        values = np.roll(values, int(rng.uniform(0.3, 0.7) * _EDGE), axis=1)
    elif choice < 0.75:
        values = np.roll(values, int(rng.uniform(0.3, 0.7) * _EDGE), axis=0)
    else:  # one half twice, not mirrored
        half = values[:, : _EDGE // 2] if rng.random() < 0.5 else values[:, _EDGE // 2 :]
        values = np.hstack([half, half])
    return Image.fromarray(values)


def leaning(film: Picture, rng: Rng) -> Picture:
    """A film turned by 30 to 60 degrees, and perhaps by 90 or 180 more."""
    turn = rng.choice([-1, 1]) * rng.uniform(30, 60) + 180 * int(rng.integers(2))
    turned = Image.fromarray(_values(film)).rotate(turn, Image.Resampling.BILINEAR)
    inside = int(_EDGE * rng.uniform(0.0, 0.14))
    return turned.crop((inside, inside, _EDGE - inside, _EDGE - inside))


def warped(film: Picture, rng: Rng) -> Picture:
    """A film drawn on rubber that is pulled far."""
    size = Image.Resampling.BICUBIC
    moves = [
        np.asarray(
            Image.fromarray(rng.normal(0, rng.uniform(0.12, 0.25), (_GRID, _GRID)).astype(np.float32)).resize(
                (_EDGE, _EDGE), size
            )
        )
        for _ in range(2)
    ]
    y, x = np.mgrid[0:_EDGE, 0:_EDGE]
    rows = np.abs(y + moves[0] * _EDGE).astype(np.int64) % (2 * _EDGE)
    columns = np.abs(x + moves[1] * _EDGE).astype(np.int64) % (2 * _EDGE)
    fold = [np.where(each < _EDGE, each, 2 * _EDGE - 1 - each) for each in (rows, columns)]
    return Image.fromarray(_values(film)[fold[0], fold[1]])


def blended(film: Picture, rng: Rng) -> Picture:
    """A film through which itself shows, turned."""
    values = _values(film).astype(np.float32)
    other = np.rot90(values, int(rng.integers(1, 4)))
    share = rng.uniform(0.4, 0.6)
    return Image.fromarray((share * values + (1 - share) * other).astype(np.uint8))


def folded(film: Picture, rng: Rng) -> Picture:
    """A film whose middle greys are the lightest or the darkest, or of which edges alone are left."""
    values = _values(film).astype(np.float32) / 255
    if rng.random() < 0.6:
        middle = float(np.quantile(values, rng.uniform(0.35, 0.65)))
        values = np.abs(values - middle) / max(middle, 1 - middle)
    else:
        values = np.hypot(*np.gradient(values)) * rng.uniform(8, 20)
    image = Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))
    return inverted(image) if rng.random() < 0.5 else image


CHIMERA: tuple[Callable[[Picture, Rng], Picture], ...] = (shuffled, swapped, leaning, warped, blended, folded)
