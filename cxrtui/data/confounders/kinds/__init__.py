"""This package holds the kinds of confounders, one file each, and lists them in the order in which ties are named.

To add a kind, write a file with a `KIND` and name it in `KINDS`.
"""

from __future__ import annotations

from cxrtui.data.confounders.kinds import (
    age,
    border,
    compression,
    depth,
    dicom,
    histogram,
    marker,
    name,
    resolution,
    sex,
    sharpness,
    source,
    view,
)
from cxrtui.data.confounders.kinds.kind import Kind

KINDS: tuple[Kind, ...] = tuple(
    module.KIND
    for module in (
        name, source, resolution, compression, depth, dicom, view, border, marker, histogram, sharpness, age, sex,
    )
)  # fmt: skip
