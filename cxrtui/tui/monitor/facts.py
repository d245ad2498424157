"""The panel of a run's films and settings, which is shown if the terminal has room for it."""

from __future__ import annotations

from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.events import SPLIT_LEAKS
from cxrtui.runs.state import RunState

SETTINGS = (
    ("weights", "model", "init"), ("freeze", "model", "freeze"), ("image size", "data", "size"),
    ("epochs", "optim", "epochs"), ("batch", "optim", "batch_size"), ("optimizer", "optim", "name"),
    ("rate", "optim", "learning_rate"), ("schedule", "optim", "schedule"), ("dropout", "model", "dropout"),
    ("seed", "run", "seed"),
)  # fmt: skip


class Facts(Static):
    """Shows the films and settings of a run."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "films and settings"
        self._shown: tuple[int, int, int] | None = None

    def show(self, state: RunState) -> None:
        """Show the facts of `state`, again only if its configuration, films or parameters have changed."""
        key = (id(state.config), id(state.data), id(state.compiled))
        if key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def _content(self, state: RunState) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(style="dim", width=11)
        table.add_column(ratio=1)
        data = state.data
        if data is not None:
            for _ in state.warned(SPLIT_LEAKS):
                table.add_row("caution", Text("films leak: see the log", "bold red"))
            table.add_row("data", Text(Path(data.source).name))
            for split, counts in data.counts.items():
                table.add_row(Text(split), Text(", ".join(f"{count} {label}" for label, count in counts.items())))
            table.add_row("patients", Text(", ".join(f"{count} {split}" for split, count in data.patients.items())))
            left = sum(data.left_out.values())
            if left or data.unreadable:
                table.add_row("left out", f"{left} films, {len(data.unreadable)} unreadable")
            table.add_row("", "")
        for label, section, key in SETTINGS:
            value = state.config.get(section, {}).get(key)
            if value is not None:
                table.add_row(label, Text(f"{value:g}" if isinstance(value, float) else str(value)))
        if state.compiled is not None and state.devices > 1:
            table.add_row("devices", Text(f"{state.devices} × {state.compiled.kind}"))
        if state.compiled is not None:
            table.add_row("parameters", f"{state.compiled.trainable:,} of {state.compiled.parameters:,} train")
        return table
