"""The size that a compressed picture itself declares, so that a few bytes cannot make a codec fill the memory."""

from __future__ import annotations

import struct

_NO_SIZE = (0xC4, 0xC8, 0xCC)  # Huffman tables, reserved, arithmetic conditioning: no frame headers
_BARE = (0x01, *range(0xD0, 0xD9))  # markers without a length


def picture_size(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns of a JPEG, JPEG-LS or JPEG 2000 codestream, None where they cannot be found."""
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)  # SOC and SIZ; a JP2 file has boxes before them
    if start < 0 or len(frame) < start + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
    return bottom - top, right - left


def _jpeg(frame: bytes) -> tuple[int, int] | None:
    """ITU-T T.81 section B.2.2 and T.87 annex C: the first frame header."""
    place = 2
    while place + 9 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker == 0xFF or marker in _BARE:
            place += 1 if marker == 0xFF else 2
            continue
        if (0xC0 <= marker <= 0xCF and marker not in _NO_SIZE) or marker == 0xF7:
            rows, columns = struct.unpack_from(">HH", frame, place + 5)
            return rows, columns
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None
