"""The last filter before the terminal: a painted line holds printable text alone.

Names and reasons are made printable where they enter (`cxrtui.printable`); this is for what slips past that.
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
    """Removes what would act on the terminal, and puts a mark of the same width in the place of what has a width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Filter the segments; each keeps its width on the screen."""
        del background
        return [
            item if printable(item.text) == item.text else Segment(_harmless(item.text), item.style, item.control)
            for item in segments
        ]


def titled(text: str) -> Any:
    """`text` for a border's title or subtitle, which Textual takes for markup where it is a plain string."""
    return Content(printable(text))


def _harmless(text: str) -> str:
    return "".join(
        letter if printable(letter) == letter else "\N{REPLACEMENT CHARACTER}" * cell_len(letter) for letter in text
    )
