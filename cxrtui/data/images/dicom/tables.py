"""This module maps the stored values of a file to the values of the image, with one table.

Every step depends only on a pixel's stored value. The table's index has all allocated bits (`raw`); bits beyond Bits
Stored are removed first. The order is that of PS3.4 section N.2.1: stored value, padding, modality LUT, VOI LUT or
window, polarity.

**Polarity.** MONOCHROME1 means that the lowest value is white (PS3.3 section C.7.6.3.1.2), and Presentation LUT Shape
INVERSE means that values become P-values by inversion. Both state the same inversion: in the modules of images (General
Image, C.7.6.1; DX Image, C.8.11.3) INVERSE *shall* be used if the image is MONOCHROME1 and IDENTITY if it is
MONOCHROME2. An object that has both or one of them is therefore inverted once. (Two inversions belong to a presentation
state, C.11.6, which is another object.)

**A window or table that hides the film.** If it leaves less than a sixteenth of the scale, it is not meant for these
values, or was written although none was chosen. Then the film's own range is used (without outlying pixels, as in
`cxrtui.data.images.tones`), and a note says so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cxrtui.data.images.dicom.dataset import number, text
from cxrtui.data.images.dicom.lookup import Values, lookup
from cxrtui.data.images.dicom.stored import Stored
from cxrtui.data.images.tones import COLLAPSED, ends, refuse_uniform, spread
from cxrtui.errors import FilmError

Raw = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def display_table(dataset: Dataset, counts: Counts, how: Stored, notes: list[str]) -> tuple[Values, Mask]:
    """Return the displayed value of each raw value: 0 black to 1 white, float64, as long as `counts`.

    Args:
        dataset: the tags.
        counts: the number of pixels with each possible raw value.
        how: how the stored values lie in the raw ones.
        notes: remarks for the user are added to them.

    Returns:
        The displayed values, and a mask of the raw values that occur in the image and are not padding.

    Raises:
        FilmError: the tags do not define the display, or the image is blank.
    """
    raw = np.arange(len(counts))
    stored = _stored(raw, how)
    padded = _padded(dataset, raw, stored, how.signed)
    kept = (counts > 0) & ~padded
    if not kept.any():
        raise FilmError("all its pixels are padding")
    film, pixels = stored[kept].astype(np.float64), counts[kept]
    values = _modality(dataset, stored, how.signed, notes)
    found, held = ends(values[kept], pixels), ends(film, pixels)
    if held.low < held.high:
        refuse_uniform(film, pixels)
    shown = None
    if found.low == found.high and held.low < held.high:
        notes.append("its modality table or rescale leaves one value; its stored values were used")
        values, found = stored.astype(np.float64), held
    else:
        shown, name = _voi(dataset, values, notes)
        if shown is not None and found.low < found.high:
            left = spread(np.rint(shown[kept] * 255), pixels)
            if left <= COLLAPSED:
                notes.append(f"{name} leaves {left + 1} of 256 greys; its own range was used")
                shown = None
    if shown is None:
        low, high = found.low, found.high
        # A single value everywhere becomes mid-grey, in either polarity.
        shown = np.clip((values - low) / (high - low), 0, 1) if high > low else np.full(len(values), 0.5)
    if inverted(dataset, how):
        shown = 1 - shown
    shown[padded] = 0  # padding is unexposed in either polarity (PS3.3 section C.7.5.1.1.2)
    return shown, kept


def inverted(dataset: Dataset, how: Stored) -> bool:
    """Whether low values are white; see the module docstring."""
    return how.photometric == "MONOCHROME1" or text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def _stored(raw: npt.NDArray[np.int64], how: Stored) -> npt.NDArray[np.int64]:
    """Return the stored values without the bits beyond Bits Stored (PS3.5 section 8.1.1: they may hold anything)."""
    values = (raw >> (how.high + 1 - how.bits)) & ((1 << how.bits) - 1)
    return np.where(values >> (how.bits - 1), values - (1 << how.bits), values) if how.signed else values


def _padded(dataset: Dataset, raw: npt.NDArray[np.int64], stored: npt.NDArray[np.int64], signed: bool) -> Mask:
    """Return which values are padding (PS3.3 section C.7.5.1.1.2): the padding value to the range limit, inclusive.

    A padding value beyond Bits Stored is compared with all allocated bits; a signed one may be written as unsigned.
    """
    value = number(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(raw), np.bool_)
    limit = number(dataset, "PixelPaddingRangeLimit")
    low, high = sorted(_as_signed(int(end)) if signed else int(end) & 0xFFFF
                       for end in (value, value if limit is None else limit))  # fmt: skip
    if low < stored.min() or high > stored.max():
        read = np.where(raw >= len(raw) >> 1, raw - len(raw), raw) if signed else raw
        return (read >= low) & (read <= high)
    return (stored >= low) & (stored <= high)


def _as_signed(value: int) -> int:
    return value - (1 << 16) if value >= 1 << 15 else value


def _modality(dataset: Dataset, stored: npt.NDArray[np.int64], signed: bool, notes: list[str]) -> Values:
    """Apply the modality LUT (PS3.3 section C.11.1): a table where there is one, else slope and intercept."""
    table = lookup(dataset, "ModalityLUTSequence", signed=signed)
    values = stored.astype(np.float64)
    if table is not None:
        return table(values)
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope == 0:
        notes.append("Rescale Slope (0028,1053) is 0, which leaves one grey; taken as 1")
    elif slope is None and intercept:
        notes.append("Rescale Slope (0028,1053) is missing; taken as 1")
    elif intercept is None and slope is not None:
        notes.append("Rescale Intercept (0028,1052) is missing; taken as 0")
    return values * (slope or 1.0) + (intercept or 0.0)


def _voi(dataset: Dataset, values: Values, notes: list[str]) -> tuple[Values | None, str]:
    """Apply the first VOI table, else the first window (PS3.3 section C.11.2), and name it; None without either."""
    table = lookup(dataset, "VOILUTSequence", signed=bool(values.min() < 0))
    if table is not None:
        return table(values) / table.white, "its VOI LUT"
    centre, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    shape = text(dataset, "VOILUTFunction").upper().replace(" ", "_") or "LINEAR"
    if centre is None and width is None:
        if text(dataset, "WindowCenter") or text(dataset, "WindowWidth"):
            notes.append("its window is no numbers; its own range was used")
        return None, ""
    if shape not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        notes.append(f"VOI LUT Function (0028,1056) {shape[:20]!r} is not known; taken as LINEAR")
        shape = "LINEAR"
    if centre is None or width is None or width < (1 if shape == "LINEAR" else 1e-12):
        if centre or width:  # writers put 0 for both where no window was chosen
            shown = ["none" if end is None else f"{end:g}" for end in (centre, width)]
            notes.append(f"its window (center {shown[0]}, width {shown[1]}) is none; its own range was used")
        return None, ""
    name = f"its window (center {centre:g}, width {width:g})"
    if shape == "SIGMOID":  # C.11.2.1.3.1
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700)))), name
    if shape == "LINEAR":  # C.11.2.1.2.1
        centre, width = centre - 0.5, width - 1
    if width == 0:
        return np.where(values <= centre, 0.0, 1.0), name
    return np.clip((values - centre) / width + 0.5, 0, 1), name
