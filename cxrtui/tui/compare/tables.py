"""The tables of Compare: the results of each run with its differences to the reference, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from cxrtui.evaluation.comparison.compare import Comparison
from cxrtui.evaluation.comparison.paired import Paired
from cxrtui.evaluation.comparison.results import METRICS, Result
from cxrtui.evaluation.comparison.texts import TITLES, difference_texts, excludes_zero, value_texts
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.state import RunState
from cxrtui.settings.listing import BY_KEY
from cxrtui.tui.door import titled
from cxrtui.tui.keys import key_of
from cxrtui.tui.theme import FAINT, SERIES
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.charts.canvas import MODES
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.status import status_text
from cxrtui.tui.widgets.table import Table

NAME, SHORT_NAME = 22, 14  # cells of a run's name
ROOMY = 98  # cells of the table from which names are longer
VALUE = 36  # cells of a setting's value
CHANGED = "• "
COLUMNS = ("run", *TITLES.values(), "best validation")


def marker(place: int, mode: str) -> Text:
    """Return the marker of the run at `place`, as its curve has it."""
    style, sign = SERIES[place % len(SERIES)]
    return Text(MODES[mode].sign(sign), style=style)


class ResultsTable(Table):
    """A row of two lines for each run, and one for each difference to the reference; enter opens the run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", tooltip="Open the run in the monitor")
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixed_columns = 1
        self._runs: list[Run] = []  # of each row
        self._shown: list[tuple[Text, ...]] = []
        self._roomy = False
        self._titled: tuple[Comparison | None, str] = (None, "")

    @property
    def chosen(self) -> Run | None:
        """The run under the cursor."""
        return self._runs[self.cursor_row] if 0 <= self.cursor_row < len(self._runs) else None

    def show(
        self, snapshots: Sequence[Snapshot], found: Comparison | None, split: str, places: Mapping[Run, int],
        mode: str, word: Callable[[Snapshot], str],
    ) -> None:  # fmt: skip
        """Show the runs with their results on `split`, as far as these are compared."""
        runs, rows, roomy = [], [], self.size.width >= ROOMY
        order = {item.run: place for place, item in enumerate(found.runs)} if found is not None else {}
        for item in snapshots:
            result = None
            if found is not None and item.run in order and split in found.results:
                result = found.results[split][order[item.run]]
            runs.append(item.run)
            name = _name(item, word(item), marker(places[item.run], mode), roomy=roomy)
            rows.append((name, *_cells(item.state, result, compared=item.run in order)))
        if found is not None:
            base = found.runs[found.reference].run
            for item in snapshots:
                pairs = found.paired.get(split)
                pair = pairs[order[item.run]] if pairs is not None and item.run in order else None
                if pair is not None and base in places:
                    runs.append(item.run)
                    signs = marker(places[item.run], mode), marker(places[base], mode)
                    rows.append(_difference_row(*signs, pair, roomy=roomy))
        self._show(runs, rows, roomy=roomy)
        if (found, split) != self._titled:
            self._titled = found, split
            self._title(found, split)

    def _title(self, found: Comparison | None, split: str) -> None:
        """Say in the border what the results are of, and how their intervals were made."""
        results = found.results if found is not None else {}
        splits = [name for name in results if name != split]
        switch = f" · {key_of('compare', 'split')}: {', '.join(splits)}" if splits else ""
        self.border_title = titled(f"results on the {split} films{switch}")
        methods = {value.method for item in results.get(split, ()) if item for value in item.values.values()}
        by = "95 % intervals by patient" + ("; * from counts alone" if "exact" in methods else "")
        self.border_subtitle = titled(by if found is not None and found.complete else "computing intervals …")

    def _show(self, runs: list[Run], rows: list[tuple[Text, ...]], *, roomy: bool) -> None:
        """Write the rows; of rows that are there only the cells that changed, so that the table stays where it is."""
        if not self.columns:
            for name in COLUMNS:
                self.add_column(name, key=name)
        if (runs, roomy) == (self._runs, self._roomy):
            for place, (cells, before) in enumerate(zip(rows, self._shown, strict=True)):
                for name, cell, known in zip(COLUMNS, cells, before, strict=True):
                    if cell != known:
                        self.update_cell(str(place), name, cell)
            self._shown = rows
            return
        row, chosen = self.cursor_row, self.chosen
        self._runs, self._shown, self._roomy = runs, rows, roomy
        self.clear()
        for place, cells in enumerate(rows):
            self.add_row(*cells, height=2, key=str(place))
        same = [place for place, run in enumerate(runs) if run == chosen]
        self.move_cursor(row=row if row in same or not same else same[0])


def _name(item: Snapshot, word: str, sign: Text, *, roomy: bool) -> Text:
    state = item.state
    name = shortened(printable(item.run.name), NAME if roomy else SHORT_NAME)
    text = Text.assemble(sign, " ", (name, "bold"), "\n  ").append_text(status_text(word))
    return text.append(f" {state.epoch}/{state.steps[-1].epochs}") if roomy and len(state.steps) else text


def _cells(state: RunState, result: Result | None, *, compared: bool) -> list[Text]:
    """Return the metrics, with their counts and intervals, and the best validation."""
    early = state.early
    best = Text("–\n", style=FAINT)
    if early is not None:
        best = Text(f"{metric_name(early.metric)} {amount(early.metric, early.best)}\nepoch {early.best_epoch}")
    if result is None:
        return [*[Text("–\n" if compared else "…\n", style=FAINT)] * len(METRICS), best]
    return [*(Text("\n".join(value_texts(metric, result.values[metric]))) for metric in METRICS), best]


def _difference_row(sign: Text, base: Text, pair: Paired, *, roomy: bool) -> tuple[Text, ...]:
    name = Text.assemble(sign, " minus ", base, "\n  ")
    if not pair.values:
        name.append(pair.why.partition(" (")[0], style=FAINT)
        return (name, *[Text("–\n", style=FAINT)] * len(METRICS), Text("\n"))
    name.append(f"{pair.differing} of {pair.values['accuracy'].n} differ", style=FAINT)
    cells = [
        Text("\n".join(difference_texts(metric, pair.values[metric])),
             style="bold" if excludes_zero(pair.values[metric]) else "")
        for metric in METRICS
    ]  # fmt: skip
    return (name, *cells, Text("\n"))


class SettingsTable(Table):
    """A row for each thing in which the runs differ, and a column for each run."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.fixed_columns = 1
        self._found: Comparison | None = None
        self._mode = ""

    def show(self, found: Comparison, places: Mapping[Run, int], mode: str) -> None:
        """Show what differs."""
        if found is self._found and mode == self._mode:
            return
        row = self.cursor_row
        self._found, self._mode = found, mode
        self.clear(columns=True)
        self.add_column("what differs")
        for item in found.runs:
            sign = marker(places[item.run], mode)
            self.add_column(Text.assemble(sign, " ", shortened(printable(item.run.name), NAME)))
        for row_of in (*found.settings, *found.facts):
            cells = []
            for place, text in enumerate(row_of.texts):
                changed = row_of.changed(place, found.reference)
                short = text if len(text) <= VALUE else f"{text[: VALUE - 1]}…"
                cells.append(Text(f"{CHANGED if changed else '  '}{short}", style="bold" if changed else ""))
            self.add_row(Text(row_of.name), *cells)
        if not self.row_count:
            self.add_row(Text("nothing differs"), *[Text("")] * len(found.runs))
        base = printable(found.runs[found.reference].run.name)
        self.border_title = titled(f"what differs · {CHANGED}from {shortened(base, NAME)}")
        self.move_cursor(row=min(row, self.row_count - 1))
        self.explain()

    def explain(self) -> None:
        """Say in the border what the row under the cursor is."""
        rows = (*self._found.settings, *self._found.facts) if self._found is not None else ()
        name = rows[self.cursor_row].name if 0 <= self.cursor_row < len(rows) else ""
        self.border_subtitle = titled(BY_KEY[name].about if name in BY_KEY else "")
