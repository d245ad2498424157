"""This module parts an image into its frame, where the lungs are not, and the rest.

The frame is the outer tenth at each edge: shoulders, arms, neck, abdomen, air beside the patient, collimator and what
was burnt in. On films that are cropped to the lungs it holds some lung; docs/confounders.md says what that means.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

SHARE = 0.1  # of the width and height, at each edge


def strips(image: Pixels, share: float = SHARE) -> tuple[Pixels, Pixels, Pixels, Pixels]:
    """Return the frame of `image`, uint8 `[H, W]`: top and bottom in full width, left and right between them."""
    high, wide = (max(1, round(side * share)) for side in image.shape)
    between = slice(high, max(high + 1, image.shape[0] - high))
    return image[:high], image[-high:], image[between, :wide], image[between, -wide:]


def reduced(image: Pixels, enough: int) -> Pixels:
    """Return `image` reduced by a whole factor, so that its short side is still at least `enough` pixels if it was."""
    factor = max(1, min(image.shape) // enough)
    return np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image
