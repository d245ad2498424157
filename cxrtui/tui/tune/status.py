"""The panel of a study's status: a word, the trials with a bar, and the budget that is left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from cxrtui.durations import duration
from cxrtui.tui.theme import BAD, BUSY, FAINT, GOOD, WARN
from cxrtui.tui.widgets.bars import bar
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.status import fitting

if TYPE_CHECKING:
    from cxrtui.search.snapshot import Snapshot

MARKS = {
    "reading": ("◌", BUSY), "unreadable": ("✗", BAD), "starting": ("◌", BUSY), "searching": ("▶", GOOD),
    "training the best anew": ("▶", GOOD), "stopping": ("■", WARN), "failed": ("✗", BAD), "finished": ("✔", GOOD),
    "out of time": ("■", WARN), "stopped": ("■", WARN), "not begun": ("·", FAINT), "no worker here": ("!", WARN),
}  # fmt: skip
"""The mark and the colour of each word."""


def word_of(found: Snapshot) -> str:
    """Return what a study is doing, in one word of `MARKS`."""
    if found.workers:
        return "searching" if found.left or found.counts.get("running") else "training the best anew"
    reason = found.outcome.reason if found.outcome is not None else ""
    if reason == "failed":
        return "failed"
    if not found.left and (found.result is not None or reason == "finished"):
        return "finished"
    if reason in ("hours", "requested"):
        return "out of time" if reason == "hours" else "stopped"
    return "no worker here" if found.trials else "not begun"


def word_text(word: str) -> Text:
    """Return the word with its mark; the colour has the same meaning as the mark."""
    mark, style = MARKS[word]
    return Text(f"{mark} {word}", style=style)


def counted(count: int, noun: str) -> str:
    """Return ``1 worker`` or ``2 workers``."""
    return f"{count} {noun}{'s' * (count != 1)}"


class StudyStatus(Static):
    """Shows three lines: word and budget, the bar of the trials, and what is searched with the best so far."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Text, ...] = ()

    def show(self, found: Snapshot | None, word: str) -> None:
        """Show the status of a study; None while it is read."""
        lines = self._lines(found, word)
        if lines != self._shown:
            self._shown = lines
            self.update(Group(*lines), layout=False)

    def _lines(self, found: Snapshot | None, word: str) -> tuple[Text, ...]:
        width = max(20, self.size.width)
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append_text(word_text(word)).stylize("bold")
        if found is None:
            return head, bar(0.0, width), Text("")
        head.append("   ").append(fitting(budget(found), width - head.cell_len, (" pruned", " failed", " h a worker")))
        tune = found.plan.tune
        share = found.ended / max(1, tune.trials, len(found.trials))
        label = f" {100 * share:3.0f} %"
        style = MARKS[word][1]
        details = Text(fitting(_details(found), width, (" by ", " seeds", " pruned")), "dim", no_wrap=True,
                       overflow="ellipsis")  # fmt: skip
        return head, bar(share, width - len(label), style).append(label), details


def budget(found: Snapshot) -> list[str]:
    """Return the trials, the workers and the time that is left, each as a text."""
    tune, counts = found.plan.tune, found.counts
    parts = [f"{found.ended} of {counted(max(tune.trials, len(found.trials)), 'trial')}"]
    parts += [f"{counts[state]} {state}" for state in ("running", "stopped", "pruned", "failed") if counts.get(state)]
    if found.workers:
        parts.append(f"{counted(found.workers, 'worker')} here")
        if math.isfinite(found.seconds_left) and found.left:
            parts.append(f"about {duration(found.seconds_left)} left")
    if tune.hours:
        parts.append(f"{tune.hours:g} h a worker")
    return parts


def _details(found: Snapshot) -> list[str]:
    tune, best = found.plan.tune, found.best
    parts = []
    if best is not None:
        value = f"{metric_name(tune.objective)} {amount(tune.objective, best.value)}"
        parts.append(f"best {value} on validation (trial {best.number})")
    else:
        parts.append(f"{metric_name(tune.objective)} on validation")
    if found.result is not None and found.result.runs:
        parts.append(f"held {amount(tune.objective, found.result.on('test').mean)} on test")
    trainings = max(1, tune.folds) * tune.repeats
    settings = counted(len(found.plan.space), "setting")
    parts.append(f"{counted(trainings, 'training')} a trial" if trainings > 1 else settings)
    parts.append(f"by {tune.sampler}" + (f", pruned by {tune.pruner}" if tune.pruner != "none" else ""))
    if tune.seeds:
        parts.append(f"the best anew with {counted(tune.seeds, 'seed')}")
    return parts
