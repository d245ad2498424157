"""The panel of results: metrics of the best weights with the counts behind them, a column for each split."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.describe import percent
from cxrtui.runs.events import Evaluated
from cxrtui.runs.state import RunState

ROWS = ("accuracy", "AUROC", "sensitivity", "specificity")


def cell(row: str, item: Evaluated, *, counted: bool = True) -> str:
    """One value, with its counts where it is a fraction of films."""
    counts = item.counts
    value = item.metrics.get(row.lower(), float("nan"))
    if row == "AUROC":
        return "–" if value != value else f"{value:.3f}"
    right, of = {
        "accuracy": (counts.get("tp", 0) + counts.get("tn", 0), counts.get("films", 0)),
        "sensitivity": (counts.get("tp", 0), counts.get("positive", 0)),
        "specificity": (counts.get("tn", 0), counts.get("negative", 0)),
    }[row]
    return f"{percent(value)} ({right}/{of})" if counted else percent(value)


class Results(Static):
    """Shows a table of metrics, and is hidden until there are some."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "results"
        self._shown: tuple[object, ...] = ()

    def show(self, state: RunState) -> None:
        """Show the splits that `state` has results for."""
        self.display = bool(state.evaluations)
        key = (state.evaluations, self.size.width)
        if self.display and key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def _content(self, state: RunState) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        roomy = self.size.width >= 42
        parts = sorted(state.evaluations, key=lambda part: part != "test")
        if self.size.width < 34:
            parts = parts[:1]
        table.add_column(style="dim", width=11)
        for _ in parts:
            table.add_column(no_wrap=True)
        table.add_row("", *(Text(part if roomy else part[:5], style="bold underline") for part in parts))
        for row in ROWS:
            style = "bold" if row in ("accuracy", "AUROC") else ""
            table.add_row(
                row,
                *(
                    Text(cell(row, state.evaluations[part], counted=roomy or part == "test"), style=style)
                    for part in parts
                ),
            )
        return table
