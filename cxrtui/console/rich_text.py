"""A Rich console for text from outside; only it writes styles and bars past `cxrtui.console.terminal`'s stream."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from cxrtui.console.terminal import raw
from cxrtui.printable import printable_lines


class PrintableConsole(Console):
    """A console for text from outside: brackets, colons and escapes are shown as text, and links are removed."""

    def __init__(self, *, stderr: bool = False, **options: Any) -> None:
        stream = raw(sys.stderr if stderr else sys.stdout)
        super().__init__(file=stream, markup=False, emoji=False, highlight=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield Rich's segments with printable text; control segments are Rich's own and stay."""
        for text, style, control in super().render(renderable, options):
            if control:
                yield Segment(text, style, control)
            else:
                yield Segment(printable_lines(text), style.update_link(None) if style and style.link else style)
