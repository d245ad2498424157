"""The models that the Classify screen offers, and the question which of them to use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import all_runs
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.lines import Lines
from cxrtui.weights import shelf
from cxrtui.workspace import Workspace

_EVERY = 1.0  # seconds between two looks of the screen at remarks that are being read
_FEW = 20  # remarks that are shown at once


class Model(NamedTuple):
    """One line of the list of models: a run, or a folder of the shelf."""

    key: str
    name: str
    remark: str
    place: Run | Path


def usable_models(
    workspace: Workspace, chosen: Run | None, stopped: Callable[[], bool]
) -> Iterator[tuple[tuple[Model, ...], bool]]:
    """Yield the list of models, and whether it is complete: `chosen`, the runs with a checkpoint, the shelf.

    The names come first. The remarks follow, because each takes the reading of a run's log.
    """
    runs = [chosen] if chosen is not None and _has_checkpoint(chosen) else []
    if runs:
        yield (_of_run(runs[0]),), False
    for run in all_runs(workspace.checkpoints):
        if stopped():
            return
        if (chosen is None or run.folder != chosen.folder) and _has_checkpoint(run):
            runs.append(run)
    models = [Model(run.name, run.name, "", run) for run in runs]
    shelved = tuple(Model(str(folder), folder.name, "shelf", folder) for folder in shelf.classifiers(workspace.models))
    reported = time.monotonic()
    for place, run in enumerate(runs):
        if stopped():
            return
        if place in (0, _FEW) or time.monotonic() - reported > _EVERY:
            reported = time.monotonic()
            yield (*models, *shelved), True
        models[place] = _of_run(run)
    yield (*models, *shelved), True


def _of_run(run: Run) -> Model:
    early = summary(run).early
    best = f"{metric_name(early.metric)} {amount(early.metric, early.best)}" if early is not None else ""
    return Model(run.name, run.name, best, run)


def _has_checkpoint(run: Run) -> bool:
    try:
        return run.state.is_dir() and any(run.state.iterdir())
    except OSError:  # for example the folder of another user
        return False


class ModelScreen(Front[str | None]):
    """Asks which model to use. Its result is the model's key, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]

    def __init__(self, models: Sequence[Model], now: str = "") -> None:
        super().__init__()
        self._models, self._now = models, now
        self._matches = list(models)

    def compose(self) -> ComposeResult:
        """Show a field for words of the name above the list."""
        with Vertical(classes="dialog") as box:
            box.border_title = titled(f"Which model? {len(self._models)} can classify")
            box.border_subtitle = "type to filter · enter chooses · esc cancels"
            yield Input(placeholder="words of its name", compact=True, id="model-words")
            yield Lines(self._line, id="models")

    def on_mount(self) -> None:
        """Put the cursor on the model that is used now."""
        keys = [model.key for model in self._models]
        lines = self.query_one(Lines)
        lines.can_focus = False
        lines.refresh_lines(len(keys), keys.index(self._now) if self._now in keys else 0)

    def _line(self, place: int, width: int) -> Text:
        model = self._matches[place]
        text = Text("● " if model.key == self._now else "  ")
        text.append(printable(model.name))
        return text.append(f"  {printable(model.remark)}", style="dim") if model.remark else text

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        self._matches = [
            model for model in self._models
            if all(word in f"{model.name} {model.remark}".casefold() for word in words)
        ]  # fmt: skip
        self.query_one(Lines).refresh_lines(len(self._matches), 0)

    @on(Input.Submitted)
    @on(Lines.Entered)
    def _enter(self) -> None:
        cursor = self.query_one(Lines).cursor
        if cursor < len(self._matches):
            self.dismiss(self._matches[cursor].key)

    def action_move(self, by: int) -> None:
        """Move the cursor while the field keeps the focus."""
        self.query_one(Lines).action_move(by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.query_one(Lines).action_page(by)

    def action_cancel(self) -> None:
        """Keep the model."""
        self.dismiss(None)
