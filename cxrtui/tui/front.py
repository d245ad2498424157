"""A screen in front of another, which stays to be seen behind it as it was.

Textual draws the screen behind a modal one anew, cell by cell through Rich, whenever either of them changes. On a large
terminal that takes longer than a key may take. Here it is drawn once, and again every few seconds at most.
"""

from __future__ import annotations

import time
from typing import Any, Self

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.renderables.blank import Blank
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip

KEPT_SECONDS = 2.0


class Front(ModalScreen[ScreenResultType]):
    """A modal screen whose background is a picture of the screen behind, blended with the style's background.

    Leave that transparent: a blend changes the style of every cell, which is 27 KB more for the terminal at 200×50.
    """

    _behind: list[Strip] = []  # noqa: RUF012
    _pictured: tuple[Size, Color] | None = None
    _pictured_at = 0.0

    def render(self) -> Any:
        """Return nothing to see: `render_line` gives the lines, and Textual's own background takes long."""
        return Blank(self.styles.background)

    def render_line(self, y: int) -> Strip:
        """Return a line of the picture."""
        seen = (self.size, self.styles.background)
        if seen != self._pictured:
            self._pictured, self._pictured_at = seen, time.monotonic()
            self._behind = self._picture(*seen)
        return self._behind[y] if y < len(self._behind) else Strip.blank(self.size.width)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw again; regions are those in which the screen behind has changed, which is looked at now and then."""
        if regions and not (layout or recompose):
            if time.monotonic() - self._pictured_at < KEPT_SECONDS:
                return self
            self._pictured = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _picture(self, size: Size, tint: Color) -> list[Strip]:
        stack = self.app.screen_stack
        below = stack[stack.index(self) - 1] if self in stack[1:] else None
        if below is None:
            return []
        blended: dict[Any, Style] = {}

        def segments(strip: Strip) -> list[Segment]:
            found = []
            for text, style, control in strip:
                if style not in blended:
                    blended[style] = _blended(style, tint)
                found.append(Segment(text, blended[style], control))
            return found

        lines = below._compositor.render_strips()
        return [Strip(segments(line), line.cell_length).adjust_cell_length(size.width) for line in lines]


def _blended(style: Style | None, tint: Color) -> Style:
    """Return the style without links, with its colours blended with `tint`."""
    plain = Style() if style is None else style.clear_meta_and_links()
    if not tint.a:
        return plain

    def mixed(color: Any) -> Any:
        return None if color is None else (Color.from_rich_color(color) + tint).rich_color

    return plain + Style.from_color(mixed(plain.color), mixed(plain.bgcolor))
