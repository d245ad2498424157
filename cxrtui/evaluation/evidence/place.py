"""Puts the cells of a heat map where they lie on the film, with the change of shape before the network undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.evaluation.model import Model

STRIDES = {"stem": 4, "stage1": 4, "stage2": 8, "stage3": 16, "stage4": 32}  # pixels of the input from cell to cell

Shape = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """How a film became the network's input, and where the cells of a stage lie on that.

    Every stride-2 layer of the network pads both sides alike and begins at its first pixel, so cell ``j`` looks at the
    input around the middle of pixel ``stride · j``, and not around the middle of the j-th of equal tiles, where an
    ordinary resize would put it: at ``stage4`` that would be half a cell too far right and down.

    Attributes:
        size: height and width of the network's input, pixels.
        stored_size: height and width of the image that is sampled to it, pixels.
        resize_mode: how the film became square, as in `data.images.decode.square`.
        stride: pixels of the input from cell to cell.
    """

    size: int
    stored_size: int
    resize_mode: str
    stride: int

    @classmethod
    def of(cls, model: Model, stage: str) -> Place:
        """Return the place of the cells of `stage`, for the films that `model` classifies."""
        return cls(model.size, model.stored_size, model.config.data.resize_mode, STRIDES[stage])

    def on_film(self, cells: NDArray[np.float32], film: Shape, samples: Shape | None = None) -> NDArray[np.float32]:
        """Interpolate a map's cells over the film, bilinearly; beyond the outermost cells their values go on.

        Args:
            cells: float32 ``[h, w]``.
            film: the film's height and width, pixels.
            samples: rows and columns of the result, over the whole film; by default one for each pixel.

        Returns:
            float32 ``samples``; zero where the network did not see the film (``crop``).
        """
        rows, columns = samples or film
        down = self._shares(self._edges(film[0], film), rows, cells.shape[0])
        across = self._shares(self._edges(film[1], film), columns, cells.shape[1])
        return np.asarray(down @ cells @ across.T, np.float32)

    def seen(self, film: Shape) -> tuple[float, float, float, float]:
        """Return top, bottom, left and right of the part of the film that the network sees, as shares of 0 to 1."""
        (top, bottom), (left, right) = (_seen(*self._edges(length, film)) for length in film)
        return top, bottom, left, right

    def _edges(self, length: int, film: Shape) -> tuple[float, float]:
        """Return where both edges of a film along the axis of this `length` lie on the square, from 0 to 1."""
        if self.resize_mode == "crop":
            return 0.5 - length / min(film) / 2, 0.5 + length / min(film) / 2
        if self.resize_mode == "pad":
            inner = max(1, round(length * (self.stored_size / max(film))))
            start = (self.stored_size - inner) // 2
            return start / self.stored_size, (start + inner) / self.stored_size
        return 0.0, 1.0

    def _shares(self, edges: tuple[float, float], samples: int, cells: int) -> NDArray[np.float32]:
        """Return float32 ``[samples, cells]``: the share of each cell in each sample along one axis."""
        start, end = edges
        on_square = start + (end - start) * (np.arange(samples) + 0.5) / samples
        exact = np.clip((on_square * self.size - 0.5) / self.stride, 0, cells - 1)
        lower = np.clip(np.floor(exact).astype(np.int64), 0, max(0, cells - 2))
        shares = np.zeros((samples, cells), np.float32)
        every = np.arange(samples)
        shares[every, np.minimum(lower + 1, cells - 1)] = exact - lower
        shares[every, lower] = 1 - (exact - lower)
        shares[(on_square < 0) | (on_square > 1)] = 0
        return shares


def _seen(start: float, end: float) -> tuple[float, float]:
    return max(0.0, -start / (end - start)), min(1.0, (1 - start) / (end - start))
