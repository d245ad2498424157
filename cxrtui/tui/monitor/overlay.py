"""Curves of other runs over those of the run that is shown: the question which ones, and the reading of their logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower, Snapshot
from cxrtui.runs.listing import all_runs
from cxrtui.tui.front import Front
from cxrtui.tui.theme import SERIES
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.charts.curves import RunCurves
from cxrtui.tui.widgets.charts.line import Line

MOST = 7
_EVERY = 2.0


class Others:
    """The runs whose curves are laid over those of the run that is shown. Their logs are read in a thread."""

    def __init__(self) -> None:
        self._followers: list[Follower] = []
        self._curves: dict[Path, RunCurves] = {}

    @property
    def runs(self) -> list[Run]:
        """The runs, in their order."""
        return [follower.run for follower in self._followers]

    def choose(self, runs: Sequence[Run]) -> None:
        """Lay these runs over, and no others."""
        known = {follower.run.folder: follower for follower in self._followers}
        self._followers = [known.get(run.folder) or Follower(run) for run in runs[:MOST]]
        chosen = {run.folder for run in runs}
        self._curves = {folder: curves for folder, curves in self._curves.items() if folder in chosen}

    def read(self, stopped: Callable[[], bool]) -> Iterator[tuple[Snapshot, ...]]:
        """Yield the runs as they are now; called in the reader's thread."""
        yield tuple(follower.snapshot(stopped) for follower in list(self._followers))

    def take(self, snapshots: Sequence[Snapshot]) -> bool:
        """Take what was read; return whether a curve has changed."""
        changed = False
        for snapshot in snapshots:
            if snapshot.run.folder in {run.folder for run in self.runs}:
                changed |= self._curves.setdefault(snapshot.run.folder, RunCurves()).take(snapshot.state)
        return changed

    def span(self, own: tuple[float, float] | None, *, epochs: bool) -> tuple[float, float] | None:
        """Return the first and the last position of the run that is shown (`own`) and of those laid over."""
        found = [curves.span(epochs=epochs) for curves in self._curves.values()]
        spans = [span for span in (own, *found) if span is not None]
        return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None

    def lines(self, name: str, *, epochs: bool) -> list[Line]:
        """Return one curve of the metric `name` of each run: on the validation split, if it is known there."""
        found = []
        for place, run in enumerate(self.runs):
            curves = self._curves.get(run.folder)
            style, marker = SERIES[(place + 2) % len(SERIES)]  # the first two are those of the run itself
            if curves is not None:
                found.append(curves.other(name, f"over {place}", run.name, f"dim {style}", marker, epochs=epochs))
        return found


class OverlayScreen(Front["list[Run] | None"]):
    """Asks which runs to lay over; its result is the list of them, or None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("enter", "lay", "Lay over", show=False, priority=True),
        Binding("space", "choose", show=False),
        Binding("down", "list", show=False),
        Binding("slash", "search", show=False),
        Binding("x", "none", show=False),
    ]
    AUTO_FOCUS = "OptionList"

    def __init__(self, checkpoints: Path, shown: Run, chosen: Sequence[Run]) -> None:
        super().__init__()
        self._shown, self._chosen = shown, {run.folder: run for run in chosen}
        self._runs: list[Run] = []
        self._listed: list[Run] = []
        self._watch = Watch(self, lambda _: [all_runs(checkpoints)], None)

    def compose(self) -> ComposeResult:
        """Show a box with the search above the list."""
        with Vertical(classes="dialog", id="overlay") as box:
            box.border_title = f"Lay over the curves of up to {MOST} other runs"
            yield Input(placeholder="/ part of a name", id="overlay-name")
            yield OptionList(id="overlay-runs")
            yield Static("space: choose   enter: lay over   x: none   /: search   esc: cancel", id="overlay-keys")

    def on_mount(self) -> None:
        """Read the list of runs in a thread."""
        self._watch.start("list runs")

    def on_unmount(self) -> None:
        """Stop reading."""
        self._watch.stop()

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        runs = message.watch.take()
        if runs is not None:
            self._runs = [run for run in runs if run.folder.name != self._shown.folder.name]
            self._list("")

    def _list(self, part: str) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        self._listed = [run for run in self._runs if part.lower() in run.name.lower()]
        choices.add_options(Option(self._row(run)) for run in self._listed)
        if self._listed:
            choices.highlighted = 0
        else:
            choices.add_option(Option("no other run", disabled=True))

    def _row(self, run: Run) -> Content:
        return Content(f"{'■' if run.folder in self._chosen else '□'} {printable(run.name)}")

    @on(Input.Changed, "#overlay-name")
    def _search(self, event: Input.Changed) -> None:
        self._list(event.value)

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Choose the run under the cursor, or leave it out."""
        choices = self.query_one(OptionList)
        place = choices.highlighted
        if place is None or not self._listed:
            return
        run = self._listed[place]
        if self._chosen.pop(run.folder, None) is None:
            if len(self._chosen) == MOST:
                self.notify(f"At most {MOST} runs can be laid over.", severity="warning")
                return
            self._chosen[run.folder] = run
        choices.replace_option_prompt_at_index(place, self._row(run))

    def action_list(self) -> None:
        """Go from the search to the list."""
        self.query_one(OptionList).focus()

    def action_search(self) -> None:
        """Go to the search."""
        self.query_one(Input).focus()

    def action_none(self) -> None:
        """Choose no run."""
        self.dismiss([])

    def action_lay(self) -> None:
        """Lay the chosen runs over; from the search, go to the list first."""
        if isinstance(self.focused, Input):
            self.action_list()
        else:
            self.dismiss(list(self._chosen.values()))

    def action_cancel(self) -> None:
        """Leave the curves as they are."""
        self.dismiss(None)
