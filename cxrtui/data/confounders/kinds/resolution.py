"""The image's width, height and aspect ratio, as the header says."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind


def columns(films: Sequence[Known]) -> Columns:
    """Return the features of the films' sizes."""
    sizes = [(film.header.width, film.header.height) for film in films]
    return Columns(
        numbers={
            "short side": [float(min(size)) for size in sizes],
            "long side": [float(max(size)) for size in sizes],
            "aspect": [math.log(width / height) for width, height in sizes],
        },
        words={"size": [f"{width}×{height}" for width, height in sizes]},
    )


KIND = Kind(
    "resolution", "image size and aspect",
    "balance the sizes between the classes, or reduce all films to the smallest first; of the aspect, "
    "data.resize_mode=crop leaves least", columns,
)  # fmt: skip
