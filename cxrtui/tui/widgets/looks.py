"""A table of what a screen reads again and again; its cursor stays on its own row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text

from cxrtui.tui.widgets.table import Table

L = TypeVar("L")


class LooksTable(Table, Generic[L]):
    """A row for each look; a class sets how one is drawn, and what tells it from others."""

    NAMES: ClassVar[tuple[str, ...]] = ()
    """Of the columns."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixed_columns = 1
        self._looks: Sequence[L] = ()

    def cells(self, look: L) -> tuple[Text, ...]:
        """Return the row of a look, a text for each column."""
        raise NotImplementedError

    def same(self, look: L, other: L) -> bool:
        """Return whether both are of one thing."""
        raise NotImplementedError

    @property
    def chosen(self) -> L | None:
        """The look under the cursor."""
        return self._looks[self.cursor_row] if 0 <= self.cursor_row < len(self._looks) else None

    def show(self, looks: Sequence[L]) -> None:
        """Show `looks`."""
        if not self.columns:
            for name in self.NAMES:
                self.add_column(name, key=name)
        chosen = self.chosen
        self._looks = looks
        self.clear()
        for look in looks:
            self.add_row(*self.cells(look))
        at = [place for place, look in enumerate(looks) if chosen is not None and self.same(look, chosen)]
        self.move_cursor(row=at[0] if at else 0)
