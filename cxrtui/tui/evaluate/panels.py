"""The panels of an evaluation that are no charts: the list, the numbers, the counts, sentences, and groups."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Static

from cxrtui.evaluation.sentences import OF_GROUPS
from cxrtui.evaluation.wording import title
from cxrtui.printable import printable
from cxrtui.tui.evaluate.content import Groups, View
from cxrtui.tui.theme import FAINT, WARN
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.counts import confusion, histogram
from cxrtui.tui.widgets.table import Table

COLUMNS = ("evaluation", "AUROC", "sensitivity", "specificity")
_NAME = 24  # cells of a name in the list
_WITH_PATIENTS, _WITH_COUNTS = 74, 56  # cells from which the numbers by patient, and the counts, have room
_WHOLE = 104  # cells from which the groups have the number of patients and whole intervals
_NARROW = 70  # cells below which the name of a group has a line of its own
_CELLS, _SHORT_CELLS = 88, 60  # cells of all columns of a table by groups but the first
_NOTHING = Text("There is nothing to show.", style=FAINT)


class EvaluationsTable(Table):
    """A row for each evaluation; the one under the cursor is shown."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "evaluations"
        self._views: tuple[View, ...] = ()

    def show(self, views: tuple[View, ...], chosen: int) -> None:
        """List the evaluations, with the cursor at `chosen`."""
        if not self.columns:
            for name in COLUMNS:
                self.add_column(name, key=name)
        if views != self._views:
            self._views = views
            with self.prevent(DataTable.RowHighlighted):
                self.clear()
                for view in views:
                    mark = "! " if view.cautions else "  "
                    shown = Text.assemble((mark, WARN), (shortened(printable(view.name), _NAME), "bold"))
                    self.add_row(shown, *(Text(text.partition(" [")[0]) for text in view.brief))
        if self.cursor_row != chosen and chosen < len(views):
            self.move_cursor(row=chosen)


class Panel(Static):
    """Draws a view, again only for another view, size or way of drawing."""

    title = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = self.title
        self._latest: tuple[View, str] | None = None
        self._shown: tuple[object, ...] = ()

    def on_resize(self) -> None:
        """Draw for the new size."""
        if self._latest is not None:
            self.show(*self._latest)

    def show(self, view: View, mode: str) -> None:
        """Show the view; `mode` is the way in which charts are drawn."""
        self._latest = view, mode
        key = (view, mode, self.size)
        if key != self._shown and self.size.width > 0:
            self._shown = key
            self.update(self.drawn(view, mode))

    def drawn(self, view: View, mode: str) -> RenderableType:
        """Return the view as this panel shows it."""
        raise NotImplementedError


class Confusion(Panel):
    """The confusion matrix at the operating point."""

    title = "confusion matrix"

    def drawn(self, view: View, mode: str) -> RenderableType:
        """Return counts and shares."""
        return confusion(view.counts, view.labels, self.size.width, mode) if view.counts else _NOTHING


class Histogram(Panel):
    """Films of each class by probability."""

    title = "probability of the positive class"

    def drawn(self, view: View, mode: str) -> RenderableType:
        """Return the bars."""
        return histogram(view.scores, view.labels, self.size, mode) if view.scores else _NOTHING


class ScrolledPanel(VerticalScroll, can_focus=True):
    """Draws a view in a text that is scrolled by keys; drawn again only for another view or width."""

    title = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Static(classes="evaluate-text"), id=id, classes="box")
        self.border_title = self.title
        self._latest: View | None = None
        self._shown: tuple[object, ...] = ()

    def on_resize(self) -> None:
        """Draw for the new size."""
        if self._latest is not None:
            self.show(self._latest)

    def show(self, view: View) -> None:
        """Show the view."""
        self._latest = view
        width = self.scrollable_content_region.width
        if (view, width) != self._shown and width > 0:
            self._shown = view, width
            self.query_one(Static).update(self.drawn(view, width))

    def drawn(self, view: View, width: int) -> RenderableType:
        """Return the view as this panel shows it in `width` cells."""
        raise NotImplementedError


def _grid(*names: str) -> Grid:
    """Return a table without lines; its columns are as wide as their cells."""
    table = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


class Numbers(ScrolledPanel):
    """Every metric with its interval, by film and, where there is room, by patient."""

    title = "95 % intervals"

    def drawn(self, view: View, width: int) -> RenderableType:
        """Return a row for each metric."""
        if not view.numbers:
            return _NOTHING
        counted = width >= _WITH_COUNTS
        patients = width >= _WITH_PATIENTS and any(item.by_patient for item in view.numbers)
        table = _grid("", "by film", *(["films"] if counted else []), *(["by patient"] if patients else []))
        for item in view.numbers:
            main = item.name in ("AUROC", "sensitivity", "specificity")
            caution = item.counted.startswith("!")
            value = item.by_film if counted or not caution else f"{item.by_film} {item.counted}"
            cells = [Text(item.name), Text(value, style="bold" if main else WARN if caution else "")]
            cells += [Text(item.counted, style=WARN if caution else "")] if counted else []
            table.add_row(*cells, *([Text(item.by_patient)] if patients else []))
        return table


class Said(ScrolledPanel):
    """Operating point, calibration, and what the numbers rest on, in sentences."""

    title = "operating point and calibration"

    def drawn(self, view: View, width: int) -> RenderableType:
        """Return the sentences behind their headings."""
        if not view.said:
            return _NOTHING
        table = Grid.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column()
        before = ""
        for head, text in view.said:
            table.add_row(Text(head if head != before else ""), Text(printable(text)))
            before = head
        return table


class GroupTables(ScrolledPanel):
    """Tables by source, view, sex, age and the like; small groups are marked and the largest gaps named."""

    title = "by groups"

    def drawn(self, view: View, width: int) -> RenderableType:
        """Return a table for each column, with sentences below it."""
        if not view.groups:
            return Text("Nothing that is recorded tells two groups of these films apart.", style=FAINT)
        parts: list[RenderableType] = []
        for table in view.groups:
            below = (Padding(Text(text, style="dim"), (0, 0, 0, 2)) for text in table.below)
            parts += [_group_table(table, width), *below, Text("")]
        return Group(*parts[:-1])


def _group_table(found: Groups, width: int) -> RenderableType:
    if width < _NARROW:
        return _stacked(found, width)
    whole = width >= _WHOLE
    table = _grid(f"by {found.column}", "films", "pos.", *(["patients"] if whole else []), *map(title, OF_GROUPS))
    if not whole:
        table.padding = (0, 1, 0, 0)
    room = width - (_CELLS if whole else _SHORT_CELLS)
    for row in found.rows:
        cells = (row.films, row.positive, *([row.patients] if whole else []), *(row.metrics if whole else row.short))
        table.add_row(Text(_cut(row.name, max(8, room)), style="bold"), *map(Text, cells))
    return table


def _stacked(found: Groups, width: int) -> Text:
    """Return two lines for each group: its name and films, and its metrics."""
    text = Text(f"by {found.column}\n", style="dim", no_wrap=True)
    text.append("".join(f"  {title(metric):<15}" for metric in OF_GROUPS))
    for row in found.rows:
        films = f" · {row.films} films" + (f", {row.positive} positive" if row.positive else "")
        text.append(f"\n{_cut(row.name, max(8, width - len(films)))}", "not dim bold").append(films, "not dim")
        if any(row.short):
            text.append("\n" + "".join(f"  {value:<15}" for value in row.short).rstrip(), "not dim")
    return text


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"
