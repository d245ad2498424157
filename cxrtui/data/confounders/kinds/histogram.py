"""The greys of the frame: their quantiles, spread and gaps."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cxrtui.data.confounders.film import Values
from cxrtui.data.confounders.frame import Pixels, strips
from cxrtui.data.confounders.kinds.kind import Kind

_QUANTILES = (1, 5, 25, 50, 75, 95, 99)  # per cent


def measure(image: Pixels) -> Values:
    """Return quantiles, mean, standard deviation (greys), entropy (bits), shares of black, white and unused greys.

    The unused greys are those between the first and the last percentile that no pixel has; stretched films have many.
    """
    # Pillow counts without a copy of eight bytes a pixel.
    counts = sum((np.asarray(Image.fromarray(strip).histogram()) for strip in strips(image)), np.zeros(256, np.int64))
    shares = counts / counts.sum()
    below = np.cumsum(shares)
    levels = np.arange(256)
    ends = [int(np.searchsorted(below, per_cent / 100)) for per_cent in _QUANTILES]
    mean = float(shares @ levels)
    there = shares[shares > 0]
    inner = counts[ends[0] : ends[-1] + 1]
    return {
        **{f"quantile {per_cent}": float(level) for per_cent, level in zip(_QUANTILES, ends, strict=True)},
        "mean": round(mean, 2),
        "deviation": round(float(np.sqrt(shares @ (levels - mean) ** 2)), 2),
        "entropy": round(float(-(there * np.log2(there)).sum()), 3),
        "black": round(float(shares[0]), 4),
        "white": round(float(shares[255]), 4),
        "unused": round(float((inner == 0).mean()), 3),
    }


KIND = Kind(
    "histogram", "intensity histogram outside the lungs",
    "bring the films to one exposure and window, or raise augment.brightness and augment.contrast; then look again",
    measure=measure, decoded=True,
)  # fmt: skip
