"""This module reads lookup tables of the modality and VOI LUT modules (PS3.3 sections C.11.1.1 and C.11.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cxrtui.data.images.dicom.dataset import quiet, transfer_syntax
from cxrtui.errors import FilmError

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lookup:
    """`entries[0]` is the output for `start` and all lower inputs, the last entry for its input and all higher ones.

    `white` is the largest value of the depth that the descriptor states. Where the largest entry needs fewer bits, it
    is that entry; where it needs more, it is the largest value of that entry's depth.
    """

    entries: Values
    start: int
    white: float

    def __call__(self, values: Values) -> Values:
        """Return the outputs for `values`, which are first rounded to whole numbers (a rescale may leave fractions)."""
        place = np.rint(values) - self.start
        return np.asarray(self.entries[np.clip(place, 0, len(self.entries) - 1).astype(np.intp)], np.float64)


def lookup(dataset: Dataset, keyword: str, *, signed: bool) -> Lookup | None:
    """Return the first table of the sequence `keyword`, None where it has none.

    `signed` means that the input may be negative. Then the first input value is read as signed, however it was written
    (its value representation depends on other tags, and writers get it wrong).

    Raises:
        FilmError: the table is cut short, or its descriptor is not three numbers.
    """
    with quiet():
        sequence = dataset.get(keyword)
        item = sequence[0] if sequence else None
        descriptor = item.get("LUTDescriptor") if item is not None else None
        data = item.get("LUTData") if item is not None else None
    if descriptor is None or data is None:
        return None
    try:
        count, start, bits = (int(value) & 0xFFFF for value in descriptor)
    except (TypeError, ValueError):
        raise FilmError("the LUT Descriptor (0028,3002) of its lookup table is no three numbers") from None
    count = count or 1 << 16
    if signed and start >= 1 << 15:
        start -= 1 << 16
    bits = min(bits, 16)  # 0, or more than an entry holds, is wrong: the largest entry decides
    if isinstance(data, (bytes, bytearray)):
        # A word may hold one or two entries of eight bits.
        order = "<" if transfer_syntax(dataset).is_little_endian else ">"
        read = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype("<u2")
        found = (read.view(np.uint8) if bits <= 8 and len(data) < 2 * count else read).astype(np.int64)
    else:
        found = np.atleast_1d(np.asarray(data, np.int64)) & 0xFFFF
    if len(found) < count:
        raise FilmError(f"its lookup table is cut short ({len(found)} of {count} entries)")
    entries = found[:count].astype(np.float64)
    # Many writers state a wrong depth. A table brighter than its white would be clipped, and a table whose top bits are
    # never used would use a sixteenth of the scale or less.
    top = int(entries.max())
    white = top if 0 < top.bit_length() < bits else (1 << max(bits, top.bit_length(), 1)) - 1
    return Lookup(entries, start, float(white))
