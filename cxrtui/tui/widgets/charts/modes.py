"""Names the ways of drawing a chart, and says which of them a terminal can show; `canvas` draws with them."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping

BRAILLE, BLOCK, ASCII = NAMES = ("braille", "block", "ascii")
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def default_mode(environment: Mapping[str, str] = os.environ) -> str:
    """Return the name of the mode that this terminal can show.

    A terminal whose locale is not UTF-8 gets ASCII, and the Linux console, whose font has no Braille, blocks; one that
    names no locale is taken for UTF-8. The variable ``CXRTUI_CHARTS`` chooses otherwise.
    """
    if (wanted := environment.get("CXRTUI_CHARTS", "").lower()) in NAMES:
        return wanted
    named = [environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)]
    if len(named) > 1 and named[0] in _COERCED and named[-1] in ("C", "POSIX"):  # by Python, PEP 538
        named = named[-1:]
    if named and not _is_utf8(named[0].partition(".")[2].partition("@")[0]):
        return ASCII
    return BLOCK if environment.get("TERM") == "linux" else BRAILLE


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
