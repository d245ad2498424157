"""The last filter before the terminal: a drawn line contains only printable text.

Names and reasons are made printable where the program reads them (`cxrtui.printable`); this filter catches the rest.
"""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter

from cxrtui.printable import printable


class Door(LineFilter):
    """Removes characters that would control the terminal; one that has a width is replaced by a mark of that width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Filter the segments; each keeps its width on the screen."""
        del background
        return [
            item if printable(item.text) == item.text else Segment(_harmless(item.text), item.style, item.control)
            for item in segments
        ]


def titled(text: str) -> Any:
    """Return `text` for a border's title or subtitle; Textual would read a plain string as markup."""
    return Content(printable(text))


def _harmless(text: str) -> str:
    return "".join(
        letter if printable(letter) == letter else "\N{REPLACEMENT CHARACTER}" * cell_len(letter) for letter in text
    )
