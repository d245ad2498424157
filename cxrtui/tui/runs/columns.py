"""The columns of the list of runs: what a run has in each of them, and which of them fit a width.

The name, the status, the epoch and the test come first, then counts, best value, age, curve, tags, note, films and
learning rate, as far as they fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from cxrtui.durations import age
from cxrtui.printable import listing, printable
from cxrtui.runs.fields import source_texts
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.status import LIVE, shown
from cxrtui.tui.runs.spark import spark
from cxrtui.tui.theme import FAINT, WARN
from cxrtui.tui.widgets.bars import shortened
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.results import cell
from cxrtui.tui.widgets.status import MARKS

SORTED_BY = {
    "Age": "age", "Run": "name", "Status": "status", "Best": "val", "Epoch": "epoch", "Test": "test.accuracy",
    "Tags": "tag", "Data": "data", "Rate": "lr", "Note": "note",
}  # fmt: skip
"""The value by which a column is sorted."""
ORDER = ("Run", "Status", "Best", "Curve", "Epoch", "Test", "Tags", "Data", "Rate", "Note", "Age")
_STEPS = (
    ("Run", 15), ("Status", 16), ("Epoch", 11), ("Test", 6), ("Test", 20), ("Best", 6), ("Age", 6), ("Best", 20),
    ("Run", 24), ("Curve", 8), ("Tags", 12), ("Run", 40), ("Note", 20), ("Curve", 16), ("Data", 16), ("Rate", 9),
    ("Tags", 24), ("Note", 60), ("Data", 40), ("Run", 255), ("Note", 1000),
)  # fmt: skip
"""A column and the width, in cells, that it grows to if its texts need it and there is room; the first ones first."""
_MARK = 2  # cells of the mark before the name
_ROOMY = 100  # cells from which two blanks are between columns
_NONE = "–"
Cell = tuple[str, str]
"""A text and its style."""


@dataclass(frozen=True)
class Cells:
    """What a run has in each column, in its longest form; `short` has the shorter form of some.

    `state`: the mark and style of the status. `updated`: when the run was active, in seconds since the epoch.
    """

    texts: Mapping[str, str]
    short: Mapping[str, str]
    style: str
    updated: float
    curve: tuple[float, ...]


def cells_of(snapshot: Snapshot, word: str, *, own: bool, stopping: bool) -> Cells:
    """Return what the list shows of a run; `own` says that it trains in this dashboard."""
    state, notes = snapshot.state, snapshot.notes
    mark, style = MARKS.get(word, ("·", ""))
    status = f"{mark} {shown(word)}"
    if word in LIVE and stopping:
        status, style = "■ stopping…", WARN
    texts = dict.fromkeys(ORDER, "")
    texts |= {"Run": printable(snapshot.run.name) + " ★" * own, "Status": status, "Best": _NONE, "Epoch": _NONE,
              "Test": _NONE, "Tags": " ".join(notes.tags), "Note": notes.note}  # fmt: skip
    short = {}
    if state.early is not None:
        short["Best"] = amount(state.early.metric, state.early.best)
        texts["Best"] = f"{metric_name(state.early.metric)} {short['Best']}"
    if len(state.steps):
        texts["Epoch"] = f"{state.epoch}/{state.steps[-1].epochs}"
    if sources := source_texts(state):
        texts["Data"] = listing(Path(source).name or source for source in sources)
    rate = state.config.get("optim", {}).get("learning_rate")
    texts["Rate"] = f"{rate:g}" if isinstance(rate, (int, float)) else ""
    if "test" in state.evaluations:
        texts["Test"] = cell("accuracy", state.evaluations["test"])
        short["Test"] = cell("accuracy", state.evaluations["test"], counted=False)
    return Cells(texts, short, style, state.updated, snapshot.curve)


def needed(rows: Iterable[Cells]) -> dict[str, int]:
    """Return the cells that the longest text of each column takes."""
    most = {name: cell_len(name) + 2 for name in ORDER}  # the name with the mark of the order
    most |= {"Age": 6} | dict.fromkeys(("Tags", "Note", "Curve", "Data", "Rate"), 0)
    for row in rows:
        for name, text in row.texts.items():
            if text and (width := cell_len(text)) > most[name]:
                most[name] = width
        if row.texts["Epoch"] != _NONE:
            most["Curve"] = 16
    return {name: max(width, cell_len(name) + 2) if width else 0 for name, width in most.items()}


@dataclass(frozen=True)
class Layout:
    """The columns that fit a width, in order, each with its width in cells, and the blanks between two."""

    widths: Mapping[str, int]
    gap: int

    def at(self, x: int) -> str:
        """Return the column at `x` cells from the left; empty if there is none."""
        place = _MARK
        for name, width in self.widths.items():
            if place <= x < place + width + self.gap:
                return name
            place += width + self.gap
        return ""


def layout(width: int, needs: Mapping[str, int]) -> Layout:
    """Return the columns that fit `width` cells; `needs` has the width of the longest text of each."""
    gap = 2 if width >= _ROOMY else 1
    widths: dict[str, int] = {}
    room = width - _MARK + gap
    for name, most in _STEPS:
        wanted = min(needs[name], most)
        more = wanted - widths.get(name, -gap)
        if wanted and more > 0:
            if more > room and name in ("Run", "Note") and name in widths:
                more = room  # these are shortened
            if more <= room or not widths:
                room -= more
                widths[name] = widths.get(name, -gap) + more
    return Layout({name: widths[name] for name in ORDER if name in widths}, gap)


def header(placed: Layout, column: str, descending: bool) -> str:
    """Return the names of the columns; the one that the list is sorted by has a mark."""
    blank = " " * placed.gap
    names = (f"{name} {'▼' if descending else '▲'}" if name == column else name for name in placed.widths)
    return " " * _MARK + blank.join(map(set_cell_size, names, placed.widths.values()))


def line(placed: Layout, row: Cells, *, selected: bool, now: float) -> list[Cell]:
    """Return the texts of one row with their styles, each as wide as its column."""
    found: list[Cell] = [("■ " if selected else "  ", "bold")]
    for name, width in placed.widths.items():
        text, style = row.texts[name], ""
        if cell_len(text) > width:
            text = row.short.get(name, text)
        if name == "Age":
            text, style = age(now - row.updated) if row.updated else _NONE, FAINT
        elif name == "Curve":
            text, style = spark(row.curve, width), FAINT
        elif name == "Status":
            style = row.style
        elif name == "Run":
            text = shortened(text, width)
        elif name in ("Note", "Tags", "Data", "Rate"):
            style = FAINT
        if text == _NONE:
            style = FAINT
        if cell_len(text) > width:
            text = set_cell_size(text, width - 1) + "…"
        found += [(set_cell_size(text, width), style), (" " * placed.gap, "")]
    return found
