"""This module reads the size, depth and sign that a compressed image itself declares.

The size is checked before decoding, so that a small file cannot make a codec fill the memory. Where the tags give
another depth or sign, the codestream's are used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_NO_SIZE = (0xC4, 0xC8, 0xCC)  # Huffman tables, reserved, arithmetic conditioning: no frame headers
_BARE = (0x01, *range(0xD0, 0xD9))  # markers without a length
_LOSSLESS = (0xC3, 0xC7, 0xCB, 0xCF)
JPEG_LS = 0xF7


@dataclass(frozen=True)
class Codestream:
    """`bits` per value; `signed` is None where the format does not say; `marker` of a JPEG's frame, 0 for JPEG 2000."""

    rows: int
    columns: int
    bits: int
    components: int
    signed: bool | None = None
    marker: int = 0

    @property
    def lossy_12_bit(self) -> bool:
        """Whether it is DCT-based JPEG of more than 8 bits, which most libraries are built without."""
        return self.bits > 8 and 0xC0 <= self.marker <= 0xCF and self.marker not in _LOSSLESS


def read_codestream(frame: bytes) -> Codestream | None:
    """Return what a JPEG, JPEG-LS or JPEG 2000 codestream declares; None where no header is found."""
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)  # SOC and SIZ; a JP2 file has boxes before them
    if start < 0 or len(frame) < start + 43:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)  # ITU-T T.800 section A.5.1
    components, depth = struct.unpack_from(">HB", frame, start + 40)
    return Codestream(bottom - top, right - left, (depth & 0x7F) + 1, components, bool(depth & 0x80))


def whole(frame: bytes) -> bool:
    """Whether the codestream ends with the marker for that (T.81 section B.2.1, T.800 A.4.4)."""
    return b"\xff\xd9" in frame[-64:]


def _jpeg(frame: bytes) -> Codestream | None:
    """Read the first frame header (ITU-T T.81 section B.2.2 and T.87 annex C)."""
    place = 2
    while place + 10 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker == 0xFF or marker in _BARE:
            place += 1 if marker == 0xFF else 2
            continue
        if (0xC0 <= marker <= 0xCF and marker not in _NO_SIZE) or marker == JPEG_LS:
            bits, rows, columns, components = struct.unpack_from(">BHHB", frame, place + 4)
            return Codestream(rows, columns, bits, components, marker=marker)
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None
