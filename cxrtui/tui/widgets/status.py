"""The panel of a run's status: a word, the epoch, the step, the speed, the time left, and a bar."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from cxrtui.durations import duration
from cxrtui.runs.describe import speed_text
from cxrtui.runs.events import Preparing
from cxrtui.runs.state import RunState
from cxrtui.runs.status import shown
from cxrtui.tui.theme import BAD, BUSY, FAINT, GOOD, TRACK, WARN
from cxrtui.tui.widgets.bars import bar

MARKS = {
    "starting": ("◌", BUSY), "preparing": ("◌", BUSY), "compiling": ("◌", BUSY), "training": ("▶", GOOD),
    "validating": ("▶", GOOD), "evaluating": ("▶", GOOD), "paused": ("‖", WARN), "finished": ("✔", GOOD),
    "stopped": ("■", WARN), "interrupted": ("!", BAD), "failed": ("✗", BAD), "empty": ("·", FAINT),
    "unreadable": ("✗", BAD), "reading": ("◌", BUSY),
}  # fmt: skip


def status_text(word: str) -> Text:
    """Return the word with its mark; the colour has the same meaning as the mark."""
    mark, style = MARKS.get(word, ("·", ""))
    return Text(f"{mark} {shown(word)}", style=style)


class StatusPanel(Static):
    """Shows three lines: the facts, the bar, and the details."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Text, ...] = ()
        self._begin: Preparing | None = None  # of the work that goes on before or between the steps

    def show(self, state: RunState, word: str, pending: str = "", remarks: Sequence[str] = ()) -> None:
        """Show the status in `state`.

        Args:
            state: of the run.
            word: the status in one word.
            pending: commands that the run has not answered yet.
            remarks: what the user must not miss, as that there are warnings; shown before all else that can be cut.
        """
        work = state.preparing
        if work is None or self._begin is None or work.stage != self._begin.stage or work.done < self._begin.done:
            self._begin = work
        lines = self._lines(state, word, pending, remarks)
        if lines != self._shown:  # so that nothing is written to the terminal while nothing changes
            self._shown = lines
            self.update(Group(*lines), layout=False)

    def _lines(self, state: RunState, word: str, pending: str, remarks: Sequence[str]) -> tuple[Text, ...]:
        width = max(20, self.size.width)
        facts, fraction = _facts(state, word)
        if (left := self._work_left(state.preparing)) is not None and word != "training":
            facts.append(f"{duration(left)} left")
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append_text(status_text(word)).stylize("bold")
        if pending:
            head.append(f", {pending}", style=f"bold {WARN}")
        for remark in remarks:
            head.append("  ").append(remark, style=f"bold {WARN}")
        head.append("   ")
        head.append(fitting(facts, width - head.cell_len, ("images/s", "step ", "trained for ")))
        label = f" {100 * fraction:3.0f} %" if fraction is not None else ""
        if fraction is not None:
            line = bar(fraction, width - len(label), MARKS.get(word, ("", GOOD))[1]).append(label)
        elif word in ("reading", "starting", "preparing", "compiling", "evaluating"):
            line = _sweep(width)
        else:
            line = bar(0.0, width)
        details = fitting(_details(state), width, ("gradient ", "rate ", " films"))
        small = Text(details, style="dim", no_wrap=True, overflow="ellipsis")
        return head, line, small

    def _work_left(self, work: Preparing | None) -> float | None:
        """Return the seconds until work before or between the steps is done; None while they cannot be told."""
        begin = self._begin
        if work is None or begin is None or not work.total or work.done <= begin.done:
            return None
        return (work.time - begin.time) / (work.done - begin.done) * max(0, work.total - work.done)


def fitting(parts: list[str], width: int, spared: tuple[str, ...]) -> str:
    """Return the parts in one line; if they do not fit, leave out those that contain a word of `spared`, in turn."""
    for word in spared:
        if cell_len(" · ".join(parts)) > width:
            parts = [part for part in parts if word not in part]
    return " · ".join(parts)


def _facts(state: RunState, word: str) -> tuple[list[str], float | None]:
    work = state.preparing
    if word == "reading":
        return ["the log"], None
    if word == "starting":
        return ["loading JAX"], None
    if work is not None and word in ("preparing", "compiling", "evaluating", "validating"):
        facts = [] if work.stage == word else [work.stage]
        if work.total:
            facts.append(f"{work.done:,} of {work.total:,}")
            if word != "validating":
                return facts, work.done / work.total
        elif word != "validating":
            return [*facts, f"for {duration(time.time() - work.time)}"], None
    if word == "unreadable":
        return [], None
    if not len(state.steps):
        return (["no step yet"] if word != "empty" else ["the log is empty"]), None
    last = state.steps[-1]
    facts = [
        f"epoch {last.epoch}/{last.epochs}",
        f"step {last.step:,}/{max(state.total_steps, last.step):,}",
        speed_text(state.images_per_second, state.devices),
    ]
    if word in ("training", "validating"):
        facts.append(f"ETA {duration(state.eta_seconds)}")
    elif len(state.epochs):
        facts.append(f"trained for {duration(sum(item.seconds for item in state.epochs))}")
    fraction = last.step / max(1, state.total_steps)
    if word == "finished":
        return facts, 1.0
    return facts, fraction


def _details(state: RunState) -> list[str]:
    parts = []
    if state.started:
        several = f"{state.devices} × " if state.devices > 1 else ""
        parts.append(several + str(state.device.get("kind", "") or "device unknown"))
    if state.data is not None:
        parts.append(
            " ".join(f"{sum(counts.values())} {split}" for split, counts in state.data.counts.items()) + " films"
        )
    if len(state.steps):
        last = state.steps[-1]
        parts.append(f"rate {last.learning_rate:.2e}")
        parts.append(f"gradient {last.gradient_norm:.2f}")
    if state.checkpoint is not None:
        parts.append(f"checkpoint at step {state.checkpoint.step}" + (" (best)" if state.checkpoint.best else ""))
    return parts


def _sweep(width: int) -> Text:
    """Return a bar for unknown progress, in which a light moves with the clock."""
    size = max(4, width // 8)
    start = int(time.time() * width / 3) % (width + size) - size
    cells = [start <= cell < start + size for cell in range(width)]
    text = Text()
    for lit in cells:
        text.append("█" if lit else " ", style=BUSY if lit else f"on {TRACK}")
    assert cell_len(text.plain) == width
    return text
