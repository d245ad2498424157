"""From the words in the file to what is seen, as one table: every step is a function of a pixel's word alone.

The order is that of PS3.4 section N.2.1: stored value, padding, modality LUT, VOI LUT or window, polarity.

**Polarity.** MONOCHROME1 says that the lowest value is white (PS3.3 section C.7.6.3.1.2), and Presentation LUT Shape
INVERSE that values become P-values by inversion. They are one statement, not two: in the modules of images (General
Image, C.7.6.1; DX Image, C.8.11.3) INVERSE *shall* be used if the image is MONOCHROME1 and IDENTITY if it is
MONOCHROME2. An object that says both is therefore inverted once, and so is one that says either. (Two inversions belong
to a presentation state, C.11.6, which is another object.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from cxrtui.data.dicom.dataset import number, text, whole
from cxrtui.data.dicom.lookup import Values, lookup
from cxrtui.errors import FilmError

Words = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]


def display_table(dataset: Dataset, seen: Mask, *, packed: bool) -> Values:
    """For each word that a pixel may be, what is seen: 0 black to 1 white, float64, as long as `seen`.

    Args:
        dataset: the tags.
        seen: for each possible word, whether a pixel of the film has it.
        packed: words are as allocated, with bits beyond Bits Stored; otherwise a codec gave the values themselves.

    Raises:
        FilmError: the tags do not say what is seen.
    """
    words = np.arange(len(seen))
    stored = _stored(dataset, words, packed)
    padded = _padded(dataset, words, stored)
    kept = seen & ~padded
    if not kept.any():
        raise FilmError("all its pixels are padding")
    values = _modality(dataset, stored)
    shown = _voi(dataset, values)
    if shown is None:
        low, high = values[kept].min(), values[kept].max()
        # One value all over is neither black nor white, whichever way round it is stored.
        shown = np.clip((values - low) / (high - low), 0, 1) if high > low else np.full(len(values), 0.5)
    if inverted(dataset):
        shown = 1 - shown
    shown[padded] = 0  # unexposed, of either polarity (PS3.3 section C.7.5.1.1.2)
    return shown


def inverted(dataset: Dataset) -> bool:
    """Whether low values are white; see the module's text."""
    photometric = text(dataset, "PhotometricInterpretation").upper()
    return photometric == "MONOCHROME1" or text(dataset, "PresentationLUTShape").upper() == "INVERSE"


def _signed(dataset: Dataset) -> bool:
    return whole(dataset, "PixelRepresentation", 0) == 1


def _stored(dataset: Dataset, words: npt.NDArray[np.int64], packed: bool) -> npt.NDArray[np.int64]:
    """Pixel values, without what lies beyond Bits Stored (PS3.5 section 8.1.1: it may be anything)."""
    bits = whole(dataset, "BitsStored", 16) if packed else len(words).bit_length() - 1
    if packed:
        spare = whole(dataset, "HighBit", bits - 1) + 1 - bits
        words = words >> (spare if spare >= 0 and (1 << (spare + bits)) <= len(words) else 0)
    words = words & ((1 << bits) - 1)
    return np.where(words >> (bits - 1), words - (1 << bits), words) if _signed(dataset) else words


def _padded(dataset: Dataset, words: npt.NDArray[np.int64], stored: npt.NDArray[np.int64]) -> Mask:
    """Which words are padding (PS3.3 section C.7.5.1.1.2), from the value to the range limit, both included.

    A value beyond Bits Stored is that of the whole word; a signed one may be written as unsigned.
    """
    value = number(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(words), np.bool_)
    limit = number(dataset, "PixelPaddingRangeLimit")
    low, high = sorted(_as_signed(int(end)) if _signed(dataset) else int(end) & 0xFFFF
                       for end in (value, value if limit is None else limit))  # fmt: skip
    if low < stored.min() or high > stored.max():
        raw = np.where(words >= len(words) >> 1, words - len(words), words) if _signed(dataset) else words
        return (raw >= low) & (raw <= high)
    return (stored >= low) & (stored <= high)


def _as_signed(value: int) -> int:
    return value - (1 << 16) if value >= 1 << 15 else value


def _modality(dataset: Dataset, stored: npt.NDArray[np.int64]) -> Values:
    """PS3.3 section C.11.1: a table where there is one, else slope and intercept."""
    table = lookup(dataset, "ModalityLUTSequence", signed=_signed(dataset))
    values = stored.astype(np.float64)
    if table is not None:
        return table(values)
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope == 0:
        raise FilmError("its Rescale Slope (0028,1053) is 0, which leaves one grey")
    return values * (1.0 if slope is None else slope) + (intercept or 0.0)


def _voi(dataset: Dataset, values: Values) -> Values | None:
    """PS3.3 section C.11.2: the first table, else the first window, None where there is none that can be used."""
    table = lookup(dataset, "VOILUTSequence", signed=bool(values.min() < 0))
    if table is not None:
        return table(values) / table.white
    centre, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    shape = text(dataset, "VOILUTFunction").upper() or "LINEAR"
    if shape not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        raise FilmError(f"its VOI LUT Function (0028,1056) is {shape[:20]!r}, which is not known")
    if centre is None or width is None or width < (1 if shape == "LINEAR" else 1e-12):
        return None  # a window of no width is written where none was chosen
    if shape == "SIGMOID":  # C.11.2.1.3.1
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -700, 700))))
    if shape == "LINEAR":  # C.11.2.1.2.1
        centre, width = centre - 0.5, width - 1
    if width == 0:
        return np.where(values <= centre, 0.0, 1.0)
    return np.clip((values - centre) / width + 0.5, 0, 1)
