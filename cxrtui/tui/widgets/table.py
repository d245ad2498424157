"""A table of rows whose columns are as wide as their cells before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable
from textual.widgets.data_table import Column, ColumnKey, RowKey


class Table(DataTable[Text]):
    """Measures new cells at once; Textual does so when it is idle, and may draw cut rows before that."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "First row", show=False),
        Binding("end", "scroll_bottom", "Last row", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box", cursor_type="row", zebra_stripes=True)

    def add_column(self, label: Any, **options: Any) -> ColumnKey:
        """Add a column, which at first is as wide as its label."""
        options["width"] = max(options.get("width") or 0, Text(str(label)).cell_len)
        return super().add_column(label, **options)

    def add_row(self, *cells: Text, **options: Any) -> RowKey:
        """Add a row; its columns become wide enough."""
        for column, cell in zip(self.ordered_columns, cells, strict=True):
            column.width = max(column.width, _width(cell))
        return super().add_row(*cells, **options)

    def update_cell(self, row_key: Any, column_key: Any, value: Text, *, update_width: bool = True) -> None:
        """Change a value; its column becomes wide enough, and never narrower."""
        column = self.columns[ColumnKey(column_key) if isinstance(column_key, str) else column_key]
        column.width = max(column.width, _width(value))
        super().update_cell(row_key, column_key, value, update_width=update_width)

    def clear(self, columns: bool = False) -> Self:
        """Remove all rows; the columns that stay become as wide as their labels."""
        _narrow(self.columns.values())
        return super().clear(columns)


def _width(cell: Text) -> int:
    """Return the width of the longest line of `cell`, in cells."""
    return max(line.cell_len for line in cell.split(allow_blank=True))


def _narrow(columns: Iterable[Column]) -> None:
    for column in columns:
        column.width = column.label.cell_len
