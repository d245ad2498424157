"""The Classify screen: the user chooses a model and films, and sees what the model predicts."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Resize
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui.classify.browser import Browser
from cxrtui.tui.classify.model_box import ModelBox
from cxrtui.tui.classify.models import Model, ModelScreen, usable_models
from cxrtui.tui.classify.parts import THREE, ClassifyParts
from cxrtui.tui.classify.save import SaveScreen
from cxrtui.tui.classify.watched import WatchedFolder
from cxrtui.tui.classify.work import Job, Learned, Looker, Progressed, Work
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.watch import Seen, Watch


class ClassifyScreen(ClassifyParts):
    """Shows the films to choose from, a preview and the results."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("classify", "everywhere")
    sections = ("classify", "everywhere")
    where = "Classify"
    place = "Classify"

    def __init__(self, chosen: Run | None, root: Path | None = None) -> None:
        super().__init__(root, chosen)
        self._models: dict[str, Model] = {}
        self._listed_all = False
        self._model: Model | None = None
        self._job: Job | None = None
        self._not_asked: list[Path] = []  # films whose true class was not looked up yet
        self._watch = Watch(self, lambda stopped: usable_models(self.dashboard.workspace, chosen, stopped), None)
        self._watched = WatchedFolder(self)

    def on_mount(self) -> None:
        """Give the focus to the files."""
        backend = self.dashboard.backend
        self._work, self._looker = Work(self, backend), Looker(self, backend)
        self.heat = self.film_box.explain(backend, partial(self._say, of_film=True))
        self.browser.picker.focus()
        self._show_model()
        self._say(self._advice())
        self.set_interval(0.5, self._tick)
        self._watch.start("list models")

    def on_unmount(self) -> None:
        """Stop reading, decoding and classifying."""
        if self._job is not None:
            self._job.cancel()
        self._watched.stop()
        self._looker.stop()
        self._watch.stop()

    @property
    def model(self) -> Model | None:
        """The model that is chosen."""
        return self._model

    # --- the model

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Offer the models that a thread has found, or classify the films that have come."""
        found = message.watch.take()
        if found is None:
            return
        if self._watched.saw(message):
            self._classify_arrived(found)
            return
        models, self._listed_all = found
        self._models = {model.key: model for model in models}
        if models:  # the chosen one may have a remark now
            self._model = models[0] if self._model is None else self._models.get(self._model.key, self._model)
        self._show_model()
        if not self._busy:
            self._say(self._advice())

    @on(ModelBox.Known)
    def _show_model(self) -> None:
        """Show the model, what it was trained on, and what follows from that for these films."""
        none = "no trained run yet" if self._listed_all else "reading the runs…"
        self.query_one(ModelBox).show(self._model, none)
        if self._model is not None:
            self.heat.by_model(self._model)
        results = self.results
        results.earlier = (
            self._model is not None and bool(results.outcomes.all) and results.outcomes.model != self._model.name
        )
        results.update()
        self._show_verdict()
        self._show_warning()

    def _show_warning(self) -> None:
        shown_film = [self.film_box.path.name] if self.film_box.path is not None else []
        classified = (os.path.basename(outcome.item.file) for outcome in self.results.outcomes.all)
        names = chain(shown_film, (path.name for path in self.browser.chosen), classified)
        warning = self.query_one(ModelBox).warning(names)
        shown = self.query_one("#classify-warning", Static)
        shown.display = bool(warning)
        shown.update(f"! {warning}")

    def action_model(self) -> None:
        """Choose the model."""
        if not self._models:
            self._say(self._advice())
            return
        now = self._model.key if self._model is not None else ""
        self.app.push_screen(ModelScreen(tuple(self._models.values()), now), self._use_model)

    def _use_model(self, key: str | None) -> None:
        if key is None or (model := self._models.get(key)) is None or model == self._model:
            return
        if self._busy and self._job is not None:
            self._job.cancel()
        self._model = model
        self._show_model()
        if self.results.outcomes.all:
            self._say(f"{key_of('classify', 'again')} classifies the {len(self.results.outcomes.all)} films again")

    def _advice(self) -> str:
        if self._model is None:
            return (
                "✗ No run has a checkpoint yet: train one first (esc, then n)." if self._listed_all
                else "reading the runs…"
            )  # fmt: skip
        chosen = len(self.browser.chosen)
        return f"{chosen} selected · c classifies them" if chosen else "space selects films · c classifies"

    def _show_film(self, path: Path) -> None:
        if self._of_film and path != self.film_box.path:
            self._say(self._advice())
        super()._show_film(path)
        self._show_warning()

    @on(Browser.Changed)
    def _selection_changed(self) -> None:
        self._show_warning()
        if not self._busy:
            self._say(self._advice())

    # --- classification

    @property
    def _busy(self) -> bool:
        return self._job is not None and not self._job.ended

    def action_classify(self) -> None:
        """Classify the selected films, or the one under the cursor."""
        paths = self.browser.chosen
        if not paths and (film := self.browser.film_under_cursor) is not None:
            paths = [film]
        self._classify(paths)

    def action_again(self) -> None:
        """Classify the films of the results again, or of a job that had none, with the model that is chosen now."""
        before = self._job.paths if self._job is not None else ()
        self._classify([outcome.path for outcome in self.results.outcomes.all] or before)

    def action_anyway(self) -> None:
        """Classify the film that is shown although it was refused."""
        path = self.film_box.path
        outcome = self.results.outcomes.of(path) if path is not None else None
        if path is None or outcome is None or not outcome.item.refused:
            self._say("only a film that was refused is classified anyway; move to one", hold=2.0)
            return
        self._classify([path], more=True, refuse=False)

    def _classify(self, paths: Sequence[Path], *, more: bool = False, refuse: bool = True) -> None:
        """Classify `paths`; with `more`, keep the results that there are; without `refuse`, whatever they show."""
        if self._model is None or not paths or self._busy:
            self._say("still at work; esc cancels" if self._busy else self._advice(), hold=2.0)
            return
        if not more or self.results.outcomes.model != self._model.name:
            self.results.start(self._model.name)
            self._not_asked = []
        self._job = Job(self._model, paths, refuse=refuse)
        self._say("loading the model and compiling…")
        self._work.start(self._job)

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        job = message.job
        if job is not self._job:
            return
        if items := job.take():
            under = self.results.under_cursor if self.results.lines.has_focus else None
            outcomes = self.results.outcomes
            outcomes.add(items)
            self._look_up([Path(item.file) for item in items], outcomes.labels)
            self.results.update(under.path if under else None)
            self._show_verdict()
            self._show_warning()
        if not job.ended:
            self._tick()
        else:
            self._end_job(job)

    def _look_up(self, paths: Sequence[Path], labels: Sequence[str]) -> None:
        """Look up the true classes of films, each once, as soon as the model's classes are known."""
        self._not_asked.extend(paths)
        if labels:
            self._looker.want(self._not_asked, labels)
            self._not_asked = []

    def _end_job(self, job: Job) -> None:
        """Say how a job has ended, and go on with the films that came meanwhile."""
        failed = sum(not outcome.item.ok for outcome in self.results.outcomes.all)
        refused = sum(outcome.item.refused for outcome in self.results.outcomes.all)
        text = f"{job.taken} {'film' if job.taken == 1 else 'films'} in {time.monotonic() - job.started:.1f} s"
        text += f" · {failed} not classified" if failed else ""
        text += (
            f", {refused} of these refused · {key_of('classify', 'anyway')} classifies one anyway" if refused else ""
        )
        if job.error:
            self._say(f"✗ {printable(job.error)}")
        elif job.cancelled and job.taken < len(job.paths):
            self._say(f"■ cancelled after {job.taken} of {len(job.paths)} films; their results stay")
        else:
            self._say(f"✔ {text}{self._watched_words}")
        if not job.error and (waiting := self._watched.waiting()):
            self._classify(waiting, more=True)

    @on(Learned)
    def _learned(self, message: Learned) -> None:
        under = self.results.under_cursor
        self.results.outcomes.learn(message.truths)
        self.results.update(under.path if under else None)
        self._show_verdict()

    def _tick(self) -> None:
        if self._busy and self._job is not None and not self._job.cancelled and time.monotonic() > self._held_until:
            self._say(f"{self._job.progress()} · esc cancels")

    # --- the watched folder

    @property
    def _watched_words(self) -> str:
        return f" · watching {self._watched.name}" if self._watched.at_work else ""

    def action_watch(self) -> None:
        """Watch the folder under the cursor, or no folder any more."""
        if self._watched.at_work:
            self._watched.stop()
            self._say("no folder is watched any more")
            return
        path = self.browser.path_under_cursor or self.browser.root
        folder = path.parent if self.browser.film_under_cursor is not None else path
        self._watched.start(folder)
        self._say(f"watching {printable(folder)}: films that come are classified")

    def _classify_arrived(self, paths: Sequence[Path]) -> None:
        self.browser.picker.reload()
        if self._busy:
            self._watched.wait(paths)
        else:
            self._classify(paths, more=True)

    # --- keys

    def action_save(self) -> None:
        """Save the results as CSV or JSON."""
        outcomes = self.results.outcomes
        if not outcomes.all:
            self._say("there are no results to save yet; c classifies")
            return
        name = f"{outcomes.model}-results.csv"
        self.app.push_screen(SaveScreen([outcome.item for outcome in outcomes.all], name), self._saved)

    def _saved(self, path: Path | None) -> None:
        if path is not None:
            self._say(f"✔ saved {len(self.results.outcomes.all)} results in {printable(path)}")

    def action_back(self) -> None:
        """Clear the filter, or cancel a classification, or go back."""
        if self._view:
            self._to_view(0)
        elif self.browser.clear_filter():
            self.browser.focus_list()
        elif self._busy and self._job is not None and not self._job.cancelled:
            self._job.cancel()
            self._say("cancelling…")
        else:
            self.dismiss()

    def on_resize(self, event: Resize) -> None:
        """Show the names again for the new width."""
        self.query_one("#classify").set_class(event.size.width >= THREE, "-three")
        self.call_after_refresh(self._show_model)
