"""The panel of early stopping: the watched metric, the value to beat, and the patience that is left."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.durations import duration
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
    """Return why the run ended; empty while it goes on, and for a run without a validation."""
    early = state.early
    if early is None or state.stopped is None:
        return ""
    if state.stopped.reason == "early_stopping":
        aim = f"{metric_name(early.metric)} {amount(early.metric, early.to_beat)} of epoch {early.best_epoch}"
        return f"stopped early at epoch {early.epoch}: {_epochs(early.patience)} did not pass {aim}"
    if state.stopped.reason == "epochs":
        return f"ran all {early.epoch} epochs"
    return f"stopped on request in epoch {max(state.stopped.epoch, early.epoch)}"


def earliest_stop(state: RunState, *, short: bool = False) -> str:
    """Return when the run stops early if no validation from now on is better; empty if early stopping is off."""
    early = state.early
    if early is None or early.patience <= 0 or not len(state.steps):
        return ""
    last = state.steps[-1]
    epoch = early.epoch + early.patience_left
    if epoch >= last.epochs:
        return f"epoch {last.epochs}, the last" if short else f"not before the last epoch, {last.epochs}"
    left = state.seconds_until(epoch * last.steps_per_epoch)
    if short:
        return f"epoch {epoch}" + (f", {duration(left)}" if left is not None else "")
    return f"epoch {epoch} at the earliest" + (f", in {duration(left)}" if left is not None else "")


def _epochs(count: int) -> str:
    return f"{count} epoch" if count == 1 else f"{count} epochs"


SLIM = 34  # cells below which the panel says it shorter


class EarlyPanel(Static):
    """Shows the state of early stopping; after the end of the run it is short, to leave room for the results."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "early stopping (validation)"
        self._shown: tuple[object, ...] = ()

    def show(self, state: RunState) -> None:
        """Show the early stopping of `state`."""
        key = (state.early, state.stopped, state.failed, state.run, self.size.width, earliest_stop(state))
        if key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def _content(self, state: RunState) -> RenderableType:
        early = state.early
        if early is None:
            watched = state.config.get("stop", {}).get("metric")  # not known before the run has begun
            watches = f"watches validation {metric_name(str(watched))}\n" if watched else ""
            return Text(f"{watches}no validation yet", style="dim")
        best = f"{metric_name(early.metric)} {amount(early.metric, early.best)} at epoch {early.best_epoch}"
        if ended := outcome(state):
            return Text.assemble((ended, "bold"), f"\nbest {best}, kept")
        slim = self.size.width < SLIM
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(style="dim", width=8 if slim else 9)
        table.add_column(ratio=1)
        falls = early.metric == "loss"
        name, value = metric_name(early.metric), (amount(early.metric, early.best), "bold")
        aim = f"{'below' if falls else 'above'} {amount(early.metric, early.to_beat)}"
        now = "✔ better" if early.improved else "no better"
        latest = f"epoch {early.epoch}: {amount(early.metric, early.value)} {now}"
        if slim:
            table.add_row("best", Text.assemble(value, f" (epoch {early.best_epoch})"))
            table.add_row("to beat", f"{name} {aim}")
        else:
            table.add_row("watching", Text(f"{name} (should {'fall' if falls else 'rise'})"))
            table.add_row("best", Text.assemble(f"epoch {early.best_epoch}: ", value))
            table.add_row("to beat", aim)
            table.add_row("latest", latest)
        if early.patience > 0:
            room = max(4, self.size.width - 10 - len(f" {early.patience_left} of {early.patience} left"))
            left = pips(early.patience_left, early.patience, min(room, 24), GOOD if early.patience_left > 1 else WARN)
            table.add_row("patience", left.append(f" {early.patience_left} of {early.patience} left"))
            if state.failed is None:
                table.add_row("stops", earliest_stop(state, short=slim))
        else:
            table.add_row("patience", "off" if slim else "off, runs all epochs")
        if slim:  # what comes last is cut on a low terminal
            table.add_row("latest", latest)
        return table
