"""The lines above an evaluation: what speaks against its numbers first, then which films it is of."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text
from textual.geometry import Size
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.tui.evaluate.content import View
from cxrtui.tui.keys import key_of
from cxrtui.tui.page import COMFORTABLE
from cxrtui.tui.theme import WARN

_LINES = 2  # that a warning takes at most where there is room


class Head(Static):
    """Shows the first warning, and the name, place and films of the evaluation."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._shown: tuple[object, ...] = ()

    def show(self, views: Sequence[View], chosen: int, size: Size) -> None:
        """Show the evaluation at `chosen`; without any, nothing."""
        self.display = bool(views)
        key = (tuple(views), chosen, size)
        if not views or key == self._shown:
            return
        self._shown = key
        view = views[chosen]
        lines = [_caution(view, size.width, _LINES if size.height >= COMFORTABLE else 1)] if view.cautions else []
        name = Text(printable(view.name), style="bold")
        if view.external:
            name.append(" (other films)", style="not bold")
        place = f" ({chosen + 1}/{len(views)})" if len(views) > 1 else ""
        name.append(place, style="dim not bold").append(f" · {view.about}", style="not bold")
        self.update(Group(*lines, name))


def _caution(view: View, width: int, lines: int) -> Text:
    """Return the first warning on so many lines at most, and how all of them are read."""
    count, key = len(view.cautions), key_of("evaluate", "remarks")
    text = f"! {printable(view.cautions[0])}"
    room = lines * (width - 3) - 12 * (lines > 1)
    more = f" ({key}: all {count})" if count > 1 else ""
    if len(text) + len(more) > room:
        more = more or f" ({key}: all of it)"
        text = f"{text[: room - len(more)].rstrip()}…"
    return Text(text + more, style=WARN)
