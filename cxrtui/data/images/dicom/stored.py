"""This module finds how a film's values are stored: from the codestream, else from the tags, else the usual values.

A codestream cannot be wrong about itself (PS3.5 section 8.2 and A.4), so its size, depth and sign are used. In one case
this does not decide: the tags say signed and the codestream says unsigned. Some writers pass signed values to a codec
unchanged, and others set the tag wrongly; `torn` distinguishes the two by the image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from cxrtui.data.images.codestream import Codestream, read_codestream
from cxrtui.data.images.dicom.dataset import number, text, transfer_syntax
from cxrtui.data.images.tones import blocks
from cxrtui.errors import FilmError

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_SIGNS = ("unsigned", "signed")
_TAGS = {
    "SamplesPerPixel": "Samples per Pixel (0028,0002)", "PlanarConfiguration": "Planar Configuration (0028,0006)",
    "BitsAllocated": "Bits Allocated (0028,0100)", "BitsStored": "Bits Stored (0028,0101)",
    "PixelRepresentation": "Pixel Representation (0028,0103)",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Values of `bits` bits, the highest at `high`, in `allocated` bits; `samples` per pixel; `planar` as in the tag.

    `claimed` is the value of Bits Stored. `doubtful` means that the image decides whether the values are signed;
    `signed` applies unless the image shows otherwise.
    """

    rows: int
    columns: int
    photometric: str
    samples: int
    planar: int
    allocated: int
    bits: int
    high: int
    claimed: int
    signed: bool
    doubtful: bool = False

    @property
    def size(self) -> int:
        """The size of the uncompressed image in bytes."""
        return self.rows * self.columns * self.samples * self.allocated // 8


def stored(dataset: Dataset, rows: int, columns: int, frame: bytes | None, notes: list[str]) -> Stored:
    """Return how the values of `dataset` are stored; `frame` is the compressed image, None where it is not compressed.

    Raises:
        FilmError: they are of a kind that is not read.
    """
    tags = _Tags(dataset, notes)
    stream = read_codestream(frame) if frame else None
    if stream is not None and (stream.rows, stream.columns) != (rows, columns):
        raise FilmError(
            f"its codestream holds {stream.columns} x {stream.rows} pixels and its tags say {columns} x {rows}"
        )
    photometric, written = photometric_of(dataset), text(dataset, "PhotometricInterpretation")
    if photometric != written.replace(" ", "_") and photometric in (*_GREY, *_COLOURS):
        notes.append(f"Photometric Interpretation (0028,0004) is {written[:20]!r}; taken as {photometric}")
    samples, photometric = _samples(tags, photometric, stream)
    if photometric not in (_GREY if samples == 1 else _COLOURS if samples == 3 else ()):
        raise FilmError(f"its colour model ({photometric or 'none'}, {samples} samples a pixel) is not read")
    planar = 0 if samples == 1 else tags.of("PlanarConfiguration", 0, (0, 1), missing=not frame)
    made = Stored(rows=rows, columns=columns, photometric=photometric, samples=samples, planar=planar, allocated=8,
                  bits=8, high=7, claimed=8, signed=False)  # fmt: skip
    if stream is not None:
        return _by_codestream(made, tags, stream)
    return _by_tags(made, tags, dataset, frame)


def photometric_of(dataset: Dataset) -> str:
    """Return Photometric Interpretation in the standard's spelling; case, blanks and dashes are ignored."""
    found = "_".join(text(dataset, "PhotometricInterpretation").upper().replace("-", "_").split())
    plain = found.replace("_", "")
    if plain in ("MONOCHROME", "MONOCHROME2"):  # MONOCHROME is ACR-NEMA's; low values are black
        return "MONOCHROME2"
    return "MONOCHROME1" if plain == "MONOCHROME1" else found


def torn(values: npt.NDArray[Any], bits: int) -> bool:
    """Whether `values`, integers `[H, W]` of `bits` bits, jump where they pass the sign, so that their sign is wrong.

    Neighbours in an image differ little. With the wrong sign, neighbours around zero (or around the middle) differ by
    nearly the whole range. The sign with which they differ by less than half as much is the right one; if neither is,
    the image does not decide.
    """
    negative, unsigned, signed = values.min() < 0, 0, 0
    for rows in blocks(values):
        raw = values[rows].astype(np.int32) & ((1 << bits) - 1)
        sign = raw >> (bits - 1)
        unsigned += _steps(raw, sign)
        signed += _steps(raw - (sign << bits), sign)
    return unsigned * 2 < signed if negative else signed * 2 < unsigned


def _steps(values: npt.NDArray[Any], over: npt.NDArray[Any]) -> int:
    """Return the sum of the differences of neighbours in `values`, over the pairs that differ in `over` too."""
    total = 0
    for axis in (0, 1):
        steps = np.abs(np.diff(values, axis=axis))
        total += int(steps.sum(dtype=np.int64, where=np.diff(over, axis=axis) != 0))
    return total


def heard(how: Stored, values: npt.NDArray[Any], notes: list[str]) -> Stored:
    """Return `how` after the image has decided what the tags and the codestream do not; `values` are raw, `[H, W]`.

    A difference between Bits Stored and the codestream does not matter where every value fits into both.
    """
    found = values.astype(np.int32) >> (how.high + 1 - how.bits) & ((1 << how.bits) - 1)
    if how.claimed < how.bits and int(found.max()) < 1 << how.claimed:
        how = replace(how, bits=how.claimed, high=how.claimed - 1)
    elif how.claimed != how.bits and (how.claimed < how.bits or how.signed):
        notes.append(
            f"its codestream holds {how.bits}-bit values and Bits Stored (0028,0101) says {how.claimed}; the "
            "codestream counts"
        )
        how = replace(how, doubtful=how.doubtful or how.signed)
    if how.doubtful and torn(_read(found, how), how.bits):
        how = replace(how, signed=not how.signed)
        notes.append(f"its values are torn as {_SIGNS[not how.signed]} ones; taken as {_SIGNS[how.signed]}")
    return how


def beyond(how: Stored, values: npt.NDArray[Any], padding: int, notes: list[str]) -> Stored:
    """Return `how` for unsigned raw values `[H, W]` that exceed Bits Stored: ignore those bits, or correct the tag.

    Other contents of those bits (overlays, garbage) make neighbours differ more; if those bits belong to the pixels,
    neighbours differ less with them.
    """
    if how.signed or not int(values.max(where=values != padding, initial=0)) >> how.bits:
        return how
    found = np.where(values == padding, 0, values).astype(np.int32)
    upper = found >> how.bits
    if _steps(found, upper) * 2 < _steps(found - (upper << how.bits), upper):
        notes.append(
            f"its values go beyond the {how.bits} bits of Bits Stored (0028,0101); all {how.allocated} were read"
        )
        return replace(how, bits=how.allocated, high=how.allocated - 1)
    notes.append(f"bits beyond the {how.bits} of Bits Stored (0028,0101) are set, and were ignored")
    return how


def _read(values: npt.NDArray[Any], how: Stored) -> npt.NDArray[Any]:
    """Return the `values` of `how.bits` bits with their sign."""
    return np.where(values >> (how.bits - 1), values - (1 << how.bits), values) if how.signed else values


class _Tags:
    """Reads the tags, and adds a note where one is missing or has an impossible value."""

    def __init__(self, dataset: Dataset, notes: list[str]) -> None:
        self.dataset, self.notes = dataset, notes

    def tag(self, keyword: str) -> int | None:
        value = number(self.dataset, keyword)
        return None if value is None else int(value)

    def of(self, keyword: str, usual: int, allowed: tuple[int, ...], *, missing: bool = True) -> int:
        """Return the value, else the `usual` one with a note; an absent tag is noted only if `missing` is True."""
        value = self.tag(keyword)
        if value in allowed:
            return int(value)
        if missing or value is not None:
            self.note(keyword, value, usual)
        return usual

    def note(self, keyword: str, value: int | None, taken: int) -> None:
        words = {"PixelRepresentation": _SIGNS, "PlanarConfiguration": ("by pixel", "by plane")}
        shown = words[keyword][taken] if keyword in words else str(taken)
        wrong = "is missing" if value is None else f"cannot be {value}"
        self.notes.append(f"{_TAGS[keyword]} {wrong}; taken as {shown}")


def _samples(tags: _Tags, photometric: str, stream: Codestream | None) -> tuple[int, str]:
    """Return the samples per pixel and the colour model; the codestream decides where its number of samples differs."""
    named = 3 if photometric in _COLOURS else 1
    value = tags.tag("SamplesPerPixel")
    if stream is not None and stream.components in (1, 3):
        if value in (1, 3) and value != stream.components:
            tags.notes.append(
                f"its codestream holds {stream.components} samples a pixel and Samples per Pixel (0028,0002) says "
                f"{value}; the codestream counts"
            )
        elif value not in (1, 3):
            tags.note("SamplesPerPixel", value, stream.components)
        if stream.components != named and photometric:
            blocks = 0xC0 <= stream.marker <= 0xC2
            photometric = "MONOCHROME2" if stream.components == 1 else "YBR_FULL_422" if blocks else "RGB"
        return stream.components, photometric
    if value is None or value < 1:
        tags.note("SamplesPerPixel", value, named)
        value = named
    return value, photometric


def _by_codestream(made: Stored, tags: _Tags, stream: Codestream) -> Stored:
    if stream.bits > 16:
        raise FilmError(f"its codestream holds {stream.bits} bits; 8 to 16 bits are read")
    claimed, signed = tags.tag("BitsStored"), tags.tag("PixelRepresentation")
    if not claimed or claimed < 0:
        tags.note("BitsStored", claimed, stream.bits)
        claimed = stream.bits
    doubtful = False
    if signed not in (0, 1):
        tags.note("PixelRepresentation", signed, int(bool(stream.signed)))
        signed = int(bool(stream.signed))
    elif stream.signed is not None and bool(signed) != stream.signed and made.samples == 1:
        word, decider = ("signed", "the codestream counts") if stream.signed else ("unsigned", "the image decides")
        tags.notes.append(
            f"its codestream holds {word} values and Pixel Representation (0028,0103) says otherwise; {decider}"
        )
        signed, doubtful = int(stream.signed), not stream.signed
    return replace(made, allocated=8 if stream.bits <= 8 else 16, bits=stream.bits, high=stream.bits - 1,
                   claimed=claimed, signed=bool(signed), doubtful=doubtful)  # fmt: skip


def _by_tags(made: Stored, tags: _Tags, dataset: Dataset, frame: bytes | None) -> Stored:
    allocated, bits = tags.tag("BitsAllocated"), tags.tag("BitsStored")
    pixels = made.rows * made.columns * made.samples
    if frame is not None and transfer_syntax(dataset) == RLELossless:
        each = int.from_bytes(frame[:4], "little") // made.samples * 8  # PS3.5 section G.2: one segment a byte
        if each in (8, 16) and each != allocated:
            if allocated:
                tags.notes.append(
                    f"its codestream holds {each}-bit words and Bits Allocated (0028,0100) says {allocated}; the "
                    "codestream counts"
                )
            else:
                tags.note("BitsAllocated", allocated, each)
            allocated, bits = each, min(bits or each, each)
    if not allocated:
        length = len(dataset.get("PixelData") or b"")
        usual = 16 if bits is not None and bits > 8 else 8 if length and length < 2 * pixels else 16
        tags.note("BitsAllocated", allocated, usual)
        allocated = usual
    if not bits or (allocated in (8, 16) and not 1 <= bits <= allocated):
        high = tags.tag("HighBit")
        usual = high + 1 if high is not None and allocated // 2 <= high < allocated else allocated
        tags.note("BitsStored", bits, usual)
        bits = usual
    if allocated not in (8, 16) or not 1 <= bits <= allocated:
        raise FilmError(f"it stores {bits} bits of {allocated}; 8 to 16 bits are read")
    high = tags.tag("HighBit")
    if high is None or not bits - 1 <= high < allocated:
        high = bits - 1
    missing = tags.tag("PixelRepresentation") not in (0, 1)
    signed = tags.of("PixelRepresentation", 0, (0, 1))
    return replace(made, allocated=allocated, bits=bits, high=high, claimed=bits, signed=bool(signed),
                   doubtful=missing and made.samples == 1)  # fmt: skip
