"""Which of pydicom's decoders is tried first: one that raises on damage before gdcm, whose own exceptions abort.

pydicom tries gdcm first. Here openjpeg comes first for JPEG 2000 and Pillow for 8-bit JPEG, which give the same values;
gdcm stays behind them for what they refuse, and alone where nobody else decodes (lossless JPEG, JPEG-LS).
"""

from __future__ import annotations

from functools import cache

from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import JPEG2000, UID, JPEG2000Lossless, JPEGBaseline8Bit

_GDCM = ("gdcm", ("pydicom.pixels.decoders.gdcm", "_decode_frame"))
_LAST = (JPEGBaseline8Bit, JPEG2000, JPEG2000Lossless)


@cache
def decoder(syntax: UID) -> Decoder:
    """Pydicom's decoder of the transfer syntax, with its plugins in our order. Not for two threads at once.

    Raises:
        NotImplementedError: it has none.
    """
    found = get_decoder(syntax)
    if syntax in _LAST and "gdcm" in found.available_plugins:
        found.remove_plugin(_GDCM[0])
        found.add_plugin(*_GDCM)  # they are tried in the order in which they were added
    return found
