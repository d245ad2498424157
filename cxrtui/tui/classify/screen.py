"""The Classify screen: the user chooses a model and films, and sees what the model predicts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import DataTable, DirectoryTree, Select, Static, Tree

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui import threads
from cxrtui.tui.backend import Classified, Classifier
from cxrtui.tui.classify.film import Film
from cxrtui.tui.classify.models import Model, usable_models
from cxrtui.tui.classify.results import ClassifiedTable
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import NARROW, Page
from cxrtui.tui.watch import Seen, Watch
from cxrtui.tui.widgets.picker import Picker

PREVIEW_AFTER = 0.15


class Answered(Message):
    """A thread has a result for the screen; `job` is the number of the request."""

    def __init__(self, job: int, item: Classified | None = None, error: str = "", done: bool = False) -> None:
        super().__init__()
        self.job, self.item, self.error, self.done = job, item, error, done


class Decoded(Message):
    """A thread has decoded a film for the preview, or there is an `error`."""

    def __init__(self, path: Path, film: Any, error: str) -> None:
        super().__init__()
        self.path, self.film, self.error = path, film, error


class ClassifyScreen(Page[None]):
    """Shows the films to choose from, a preview and the results."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("classify", "everywhere")
    sections = ("classify", "everywhere")
    where = "Classify"

    def __init__(self, chosen: Run | None, root: Path | None = None) -> None:
        super().__init__()
        self._chosen, self._root = chosen, root or Path.cwd()
        self._models: dict[str, Run | Path] = {}
        self._loaded: tuple[str, Classifier] | None = None
        self._job = 0
        self._total = 0
        self._begun = 0.0
        self._busy = False
        self._preview_timer: Timer | None = None
        self._preview: Path | None = None
        self._watch = Watch(self, lambda stopped: usable_models(self.dashboard.workspace, stopped), None)

    def compose_body(self) -> ComposeResult:
        """Put model and films on the left, preview and results on the right."""
        with Container(id="classify"):
            with Vertical(id="choose"):
                with Container(id="model-box", classes="box") as box:
                    box.border_title = "model"
                    yield Static("reading the runs…", id="no-model")
                yield Picker(self._root, id="picker")
            with Container(id="film-box", classes="box") as box:
                box.border_title = "film"
                yield Film(id="film")
            yield ClassifiedTable(id="classified")
        yield Static("", id="classify-note", markup=False)

    def on_mount(self) -> None:
        """Give the focus to the films."""
        picker = self.query_one(Picker)
        picker.border_title = "films"
        picker.focus()
        self._show_none()
        self._say(self._advice())
        self.set_interval(0.5, self._tick)
        self._watch.start("list models")

    def on_unmount(self) -> None:
        """Stop reading."""
        self._watch.stop()

    @on(Seen)
    async def _listed(self, message: Seen) -> None:
        """Offer the models that the thread has found."""
        models = message.watch.take()
        if models is None:
            return
        self._models = {model.key: model.place for model in models}
        value: Any = next(iter(self._models), Select.NULL)
        if self._chosen is not None and self._chosen.name in self._models:
            value = self._chosen.name
        options = [(Content(printable(self._label(model))), model.key) for model in models]
        await self.query_one("#no-model").remove()
        await self.query_one("#model-box").mount(
            Select(options, value=value, prompt="no trained run yet", compact=True, id="model", allow_blank=not options)
        )
        if not self._busy:
            self._say(self._advice())

    def _label(self, model: Model) -> str:
        bare = not model.remark or (isinstance(model.place, Run) and self.app.size.width < NARROW)
        return model.name if bare else f"{model.name} · {model.remark}"

    def _advice(self) -> str:
        if not self.query("#model"):
            return "reading the runs…"
        if not self._models:
            return "✗ No run has a checkpoint yet: train one first (esc, then n)."
        chosen = len(self.query_one(Picker).chosen)
        return f"{chosen} selected · c classifies them" if chosen else "space selects films · c classifies"

    def _say(self, text: str) -> None:
        self.query_one("#classify-note", Static).update(text)

    def _tick(self) -> None:
        if self._busy and not self.query_one(ClassifiedTable).items:
            self._say(f"loading the model and compiling… {time.monotonic() - self._begun:.0f} s")

    @on(Picker.Chosen)
    def _chosen_changed(self) -> None:
        chosen = len(self.query_one(Picker).chosen)
        self.query_one(Picker).border_subtitle = f"{chosen} selected" if chosen else ""
        if not self._busy:
            self._say(self._advice())

    # --- preview

    @on(Tree.NodeHighlighted)
    def _highlighted(self) -> None:
        path = self.query_one(Picker).path_under_cursor
        if path is not None and not path.is_dir():
            self._show_later(path)
        elif path is not None and self._preview is not None:
            self._show_none()

    @on(DataTable.RowHighlighted)
    def _row_highlighted(self) -> None:
        table = self.query_one(ClassifiedTable)
        if table.has_focus and (path := table.file_under_cursor):
            self._show_later(path)
            item = table.items[table.cursor_row]
            if not item.ok:  # the row may have no room for the error
                self._say(f"✗ {printable(path.name)}: {printable(item.error)}")

    @on(DirectoryTree.FileSelected)
    def _file_selected(self) -> None:
        self.query_one(Picker).action_tick()

    def _show_none(self) -> None:
        """Show that no film is under the cursor."""
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview = None
        view, box = self.query_one(Film), self.query_one("#film-box")
        view.film, view.note = None, "move to a film to see it"
        box.border_title, box.border_subtitle = "film", ""

    def _show_later(self, path: Path) -> None:
        """Decode a film once the cursor rests, so that scrolling stays fast."""
        self._preview = path
        if self._preview_timer is not None:
            self._preview_timer.stop()
        self._preview_timer = self.set_timer(PREVIEW_AFTER, lambda: self._decode(path))

    def _decode(self, path: Path) -> None:
        def work() -> None:
            film, error = None, ""
            try:
                film = self.dashboard.backend.decode(path)
            except (CxrtuiError, OSError, MemoryError) as problem:
                error = printable(problem) or type(problem).__name__
            self.post_message(Decoded(path, film, error))

        threads.start("decode", work)

    @on(Decoded)
    def _decoded(self, message: Decoded) -> None:
        if message.path != self._preview:
            return
        view, box = self.query_one(Film), self.query_one("#film-box")
        view.film, view.note = message.film, f"✗ {message.error}" if message.error else ""
        box.border_title = titled(message.path.name)
        box.border_subtitle = "" if message.film is None else f"{message.film.shape[1]}×{message.film.shape[0]}"

    # --- classification

    def action_classify(self) -> None:
        """Classify the selected films, or the one under the cursor."""
        picker = self.query_one(Picker)
        paths = list(picker.chosen)
        under = picker.path_under_cursor
        if not paths and under is not None and not under.is_dir():
            paths = [under]
        name = str(self.query_one("#model", Select).value) if self.query("#model") else ""
        model = self._models.get(name)
        if model is None or not paths or self._busy:
            self._say("still at work; esc cancels" if self._busy else self._advice())
            return
        self._job, self._total, self._begun, self._busy = self._job + 1, len(paths), time.monotonic(), True
        self.query_one(ClassifiedTable).start()
        self._say("loading the model and compiling…")
        threads.start("classify", self._work, self._job, name, model, paths)

    def _work(self, job: int, name: str, model: Run | Path, paths: list[Path]) -> None:
        try:
            if self._loaded is None or self._loaded[0] != name:
                self._loaded = (name, self.dashboard.backend.load(model))
            for item in self._loaded[1].classify(paths):
                if job != self._job or not self.is_attached:
                    return
                self.post_message(Answered(job, item))
        except CxrtuiError as error:
            self.post_message(Answered(job, error=str(error), done=True))
        except Exception as error:  # the screen must show it, because nobody else hears of it
            self.post_message(Answered(job, error=f"{type(error).__name__}: {error}", done=True))
        else:
            self.post_message(Answered(job, done=True))

    @on(Answered)
    def _answered(self, message: Answered) -> None:
        if message.job != self._job:
            return
        table = self.query_one(ClassifiedTable)
        if message.item is not None:
            table.add(message.item)
            self._say(f"{len(table.items)} of {self._total} films")
        if message.done:
            self._busy = False
            unread = sum(not item.ok for item in table.items)
            took = time.monotonic() - self._begun
            text = f"✔ {len(table.items)} films in {took:.1f} s" + (f" · {unread} not classified" if unread else "")
            self._say(f"✗ {message.error}" if message.error else text)

    # --- keys

    def action_tick(self) -> None:
        """Tick the film under the cursor."""
        self.query_one(Picker).action_tick()

    def action_all(self) -> None:
        """Tick the folder's films."""
        if not self.query_one(Picker).choose_folder():
            self._say("no films in this folder")

    def action_none(self) -> None:
        """Untick all."""
        self.query_one(Picker).choose_none()

    def action_model(self) -> None:
        """Choose the model."""
        for model in self.query("#model").results(Select):
            model.focus()
            model.action_show_overlay()

    def action_up(self) -> None:
        """Show the folder above."""
        picker = self.query_one(Picker)
        picker.path = Path(picker.path).resolve().parent

    def action_back(self) -> None:
        """Go back; the results of a running classification are dropped."""
        self._job += 1
        self.dismiss()
