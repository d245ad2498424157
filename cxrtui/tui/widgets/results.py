"""The panel of results: the metrics of the best weights with their counts, in a column for each split."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.describe import percent
from cxrtui.runs.events import Evaluated
from cxrtui.runs.state import RunState

SHORT = {"validation": "val."}
ROWS = ("accuracy", "AUROC", "sensitivity", "specificity")


def cell(row: str, item: Evaluated, *, counted: bool = True) -> str:
    """Return one value, with its counts if it is a fraction of films."""
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
    """Shows a table of metrics; it is hidden until there are some."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "results"
        self._shown: tuple[object, ...] = ()

    def show(self, state: RunState) -> None:
        """Show the results of each split in `state`."""
        self.display = bool(state.evaluations)
        key = (state.evaluations, self.size.width)
        if self.display and key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def _content(self, state: RunState) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        roomy = self.size.width >= 42
        splits = sorted(state.evaluations, key=lambda split: split != "test")
        if self.size.width < 34:
            splits = splits[:1]
        table.add_column(style="dim", width=11)
        for _ in splits:
            table.add_column(no_wrap=True)
        table.add_row(
            "", *(Text(split if roomy else SHORT.get(split, split), style="bold underline") for split in splits)
        )
        for row in ROWS:
            style = "bold" if row in ("accuracy", "AUROC") else ""
            table.add_row(
                row,
                *(
                    Text(cell(row, state.evaluations[split], counted=roomy or split == "test"), style=style)
                    for split in splits
                ),
            )
        return table
