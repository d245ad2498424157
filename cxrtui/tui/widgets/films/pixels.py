"""The pixels of a film as the terminal shows them: window and level, zoom, and what is laid over the film.

Nothing here knows of Textual. A film is uint8 ``[H, W]``; an overlay is uint8 ``[h, w, 4]``, red, green, blue and
alpha, of any size, and covers the film from corner to corner, so that it zooms and pans with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
ZOOM_MOST = 32.0
_COARSE = 1024  # pixels of the longer edge from which on no coarser level is made


@dataclass(frozen=True)
class Window:
    """The grey values that are shown from black to white, as in DICOM: `centre` and `width`, in values of 0 to 255."""

    centre: float = 127.5
    width: float = 255.0

    def changed(self, *, wider: float = 1.0, brighter: float = 0.0) -> Window:
        """Return a window that is `wider` times as wide, with a centre lower by `brighter`, within the grey values."""
        width = min(255.0, max(4.0, self.width * wider))
        return Window(min(255.0, max(0.0, self.centre - brighter)), width)

    def table(self) -> Grey:
        """Return the shown value of each grey value, uint8 ``[256]``."""
        low = self.centre - self.width / 2
        return np.asarray(np.clip(np.rint((np.arange(256) - low) * 255.0 / self.width), 0, 255), np.uint8)


@dataclass(frozen=True)
class Viewport:
    """The part of a film that is shown: `zoom` 1 shows all of it; `x` and `y` are its centre, in parts of the film."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5

    def zoomed(self, factor: float, x: float | None = None, y: float | None = None) -> Viewport:
        """Return the viewport magnified by `factor`; the point (`x`, `y`) of the film stays where it is."""
        zoom = min(ZOOM_MOST, max(1.0, self.zoom * factor))
        kept = self.zoom / zoom
        x, y = self.x if x is None else x, self.y if y is None else y
        return Viewport(zoom, x + (self.x - x) * kept, y + (self.y - y) * kept)

    def moved(self, x: float, y: float) -> Viewport:
        """Return the viewport moved by fractions of the film."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Layout:
    """Where a viewport of a film lies on a canvas: the part of the film, and its size on the canvas.

    `left`, `top`, `right` and `bottom` are in pixels of the film; `width` and `height` in pixels of the canvas.
    """

    left: float
    top: float
    right: float
    bottom: float
    width: int
    height: int


def lay_out(film: tuple[int, int], canvas: tuple[int, int], viewport: Viewport) -> Layout:
    """Return the layout of a film of (height, width) on a canvas of (width, height) square pixels; height is even."""
    height, width = film
    scale = min(canvas[0] / width, canvas[1] / height) * viewport.zoom
    across, down = min(width, canvas[0] / scale), min(height, canvas[1] / scale)
    x = min(width - across / 2, max(across / 2, viewport.x * width))
    y = min(height - down / 2, max(down / 2, viewport.y * height))
    size = (max(1, round(across * scale)), max(2, 2 * round(down * scale / 2)))
    return Layout(x - across / 2, y - down / 2, x + across / 2, y + down / 2, *size)


def clamped(viewport: Viewport, film: tuple[int, int], canvas: tuple[int, int]) -> Viewport:
    """Return the viewport with its centre where `lay_out` puts it, so that a pan beyond the edge is not remembered."""
    box, (height, width) = lay_out(film, canvas, viewport), film
    return replace(viewport, x=(box.left + box.right) / 2 / width, y=(box.top + box.bottom) / 2 / height)


def levels(film: Grey) -> tuple[Grey, ...]:
    """Return the film and versions of half its size each, down to 1024 pixels, so that a large one is drawn fast."""
    from PIL import Image

    result = [film]
    while max(result[-1].shape) > _COARSE and min(result[-1].shape) > 1:
        result.append(np.asarray(Image.fromarray(result[-1]).reduce(2)))
    return tuple(result)


def draw(
    film: tuple[Grey, ...], canvas: tuple[int, int], viewport: Viewport, window: Window,
    overlay: NDArray[np.uint8] | None = None, opacity: float = 1.0,
) -> NDArray[np.uint8]:  # fmt: skip
    """Return what is shown of a film: uint8 ``[H, W, 3]``, at most `canvas` (width, height) pixels, with H even.

    Args:
        film: the levels of the film (`levels`).
        canvas: square pixels that there are.
        viewport: the part that is shown.
        window: the grey values that are shown.
        overlay: uint8 ``[h, w, 4]``, which covers the whole film.
        opacity: by which the overlay's alpha is multiplied, 0 to 1.
    """
    layout = lay_out(film[0].shape, canvas, viewport)  # type: ignore[arg-type]
    ratio = layout.width / (layout.right - layout.left)
    level = film[min(len(film) - 1, max(0, int(np.log2(max(1.0, 1 / ratio)))))]
    values = window.table()[_resized(level, layout, film[0].shape)]
    shown = np.repeat(values[:, :, None], 3, axis=2)
    if overlay is None or opacity <= 0:
        return shown
    over = _resized(overlay, layout, film[0].shape).astype(np.float32)
    alpha = over[:, :, 3:] * np.float32(min(1.0, opacity) / 255)
    return np.asarray(np.rint(shown * (1 - alpha) + over[:, :, :3] * alpha), np.uint8)


def _resized(values: NDArray[np.uint8], layout: Layout, film: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the part of `values` that the layout shows, at its size; `values` covers a film of shape `film`."""
    from PIL import Image

    down, across = values.shape[0] / film[0], values.shape[1] / film[1]
    box = (layout.left * across, layout.top * down, layout.right * across, layout.bottom * down)
    shrinks = layout.width < box[2] - box[0]
    how: Any = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    box = (max(0.0, box[0]), max(0.0, box[1]), min(values.shape[1], box[2]), min(values.shape[0], box[3]))
    return np.asarray(Image.fromarray(values).resize((layout.width, layout.height), how, box=box))
