"""This module recognises DICOM by a file's first bytes, without importing pydicom."""

from __future__ import annotations

import struct

HEAD = 132
_REPRESENTATIONS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


def is_dicom(head: bytes) -> bool:
    """Whether a file that begins with `head` (its first `HEAD` bytes) is a DICOM file.

    It has the prefix after its preamble (PS3.10 section 7.1). Older writers left both out; then its first element is
    short, well formed, and of group 0002 or 0008 (PS3.5 section 7.1).
    """
    if head[128:132] == b"DICM":
        return True
    if len(head) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack_from(f"{order}HH", head)
        if group not in (0x0002, 0x0008) or element > 0x0070:
            continue
        if head[4:6] in _REPRESENTATIONS:
            return True
        if order == "<" and struct.unpack_from("<I", head, 4)[0] <= 256:
            return True
    return False
