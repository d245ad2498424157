"""The panel of early stopping: the watched metric, the value to beat, and the patience that is left."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.describe import percent
from cxrtui.runs.state import RunState
from cxrtui.tui.theme import GOOD, WARN
from cxrtui.tui.widgets.bars import pips


def amount(metric: str, value: float) -> str:
    """Return a metric's value in its usual form: a percentage, or a number of 3 or 4 decimals."""
    if value != value:
        return "–"
    if metric in ("accuracy", "sensitivity", "specificity"):
        return percent(value)
    return f"{value:.3f}" if metric == "auroc" else f"{value:.4f}"


def metric_name(metric: str) -> str:
    """Return a metric's name for people."""
    return "AUROC" if metric == "auroc" else metric


def outcome(state: RunState) -> str:
    """Return how the run ended and which epoch is best; empty while the run goes on."""
    early = state.early
    if early is None or state.stopped is None:
        return ""
    if state.stopped.reason == "early_stopping":
        return f"stopped early at epoch {early.epoch}; best weights are epoch {early.best_epoch}'s"
    if state.stopped.reason == "epochs":
        return f"ran all epochs; best weights are epoch {early.best_epoch}'s"
    return f"stopped on request; best so far is epoch {early.best_epoch}"


class EarlyPanel(Static):
    """Shows the state of early stopping; after the end of the run it is short, to leave room for the results."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "early stopping (validation)"
        self._shown: tuple[object, ...] = ()

    def show(self, state: RunState) -> None:
        """Show the early stopping of `state`."""
        key = (state.early, state.stopped, state.run, self.size.width)
        if key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def _content(self, state: RunState) -> RenderableType:
        early = state.early
        watched = str(state.config.get("stop", {}).get("metric", "loss"))
        if early is None:
            return Text(f"watches validation {metric_name(watched)}\nno validation yet", style="dim")
        if ended := outcome(state):
            return Text.assemble(
                (ended, "bold"), f"\nbest {metric_name(early.metric)} {amount(early.metric, early.best)}"
            )
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(style="dim", width=9)
        table.add_column(ratio=1)
        aim = "should fall" if early.metric == "loss" else "should rise"
        table.add_row("watching", Text(f"{metric_name(early.metric)} ({aim})"))
        table.add_row("best", Text.assemble(f"epoch {early.best_epoch}: ", (amount(early.metric, early.best), "bold")))
        table.add_row("to beat", amount(early.metric, early.to_beat))
        now = "✔ better" if early.improved else "no better"
        table.add_row("latest", f"epoch {early.epoch}: {amount(early.metric, early.value)} {now}")
        if early.patience <= 0:
            table.add_row("patience", "off, runs all epochs")
            return table
        room = max(4, self.size.width - 10 - len(f" {early.patience_left} of {early.patience} left"))
        left = pips(early.patience_left, early.patience, min(room, 24), GOOD if early.patience_left > 1 else WARN)
        table.add_row("patience", left.append(f" {early.patience_left} of {early.patience} left"))
        return table
