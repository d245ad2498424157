"""The list of the workspace's studies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from cxrtui.durations import age
from cxrtui.printable import printable
from cxrtui.process.gpus import Share
from cxrtui.search.study import Study
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.routes import OpenLaunch, OpenTune
from cxrtui.tui.theme import FAINT
from cxrtui.tui.tune.page import StudyPage
from cxrtui.tui.tune.reading import AllStudies, Look
from cxrtui.tui.tune.screen import TuneScreen
from cxrtui.tui.tune.status import word_of, word_text
from cxrtui.tui.watch import Seen
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.looks import LooksTable

LOOK_SECONDS = 1.0
COLUMNS = ("study", "status", "trials", "best on validation", "test", "age")


class StudiesTable(LooksTable[Look]):
    """A row for each study; enter opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.open", "Open", tooltip="Open the study")]
    NAMES = COLUMNS

    def cells(self, look: Look) -> tuple[Text, ...]:
        """Return the row of a look."""
        return _cells(look)

    def same(self, look: Look, other: Look) -> bool:
        """Return whether both are of one study."""
        return look.study == other.study


def _cells(look: Look) -> tuple[Text, ...]:
    name, found = Text(printable(look.study.name), style="bold"), look.found
    since = Text(age(time.time() - look.updated) if look.updated else "–", style=FAINT)
    if look.problem or found is None:
        return name, word_text("unreadable" if look.problem else "reading"), *[Text("–", style=FAINT)] * 3, since
    tune, ended = found.plan.tune, sum(count for state, count in found.counts.items() if state != "running")
    word = word_text(word_of(found))
    if found.workers:
        word.append(f" ({found.workers})")
    metric = tune.objective
    best = "–" if found.best is None else f"{metric_name(metric)} {amount(metric, found.best.value)}"
    held = "–" if found.result is None or not found.result.runs else amount(metric, found.result.on("test").mean)
    return name, word, Text(f"{ended}/{tune.trials}"), Text(best), Text(held), since


class StudiesScreen(StudyPage):
    """Lists the studies; one that is the only one is opened at once."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("studies", "everywhere")
    sections = ("studies", "everywhere")
    where = "Tune"
    AUTO_FOCUS = "#studies"

    def __init__(self) -> None:
        super().__init__()
        self._looks: Sequence[Look] | None = None

    def compose_body(self) -> ComposeResult:
        """Put the table, and a text that is shown while there is nothing to list."""
        yield StudiesTable(id="studies")
        yield Static(id="no-studies")

    def on_mount(self) -> None:
        """Start a thread that looks each second."""
        checkpoints = self.dashboard.workspace.checkpoints
        self.query_one(StudiesTable).border_title = titled(f"studies in {printable(checkpoints)}")
        self.query_one("#no-studies", Static).update(Text("reading the studies …", style=FAINT))
        self.query_one(StudiesTable).display = False
        self.follow("read studies", AllStudies(self.dashboard.backend, checkpoints).looks, LOOK_SECONDS)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        looks = message.watch.take()
        if looks is None:
            return
        first, self._looks = self._looks is None, looks
        table = self.query_one(StudiesTable)
        table.show(looks)
        table.display, self.query_one("#no-studies").display = bool(looks), not looks
        if looks and self.focused is None:
            table.focus()
        if not looks:
            self.query_one("#no-studies", Static).update(_nothing())
        self._explain()
        self.refresh_bindings()
        if first and len(looks) == 1 and self.is_current:
            self.app.switch_screen(TuneScreen(looks[0].study))

    @on(DataTable.RowHighlighted)
    def _explain(self) -> None:
        """Say in the border what is wrong with the study under the cursor."""
        look = self.target
        problem = "" if look is None else look.problem
        if look is not None and not problem and look.found is not None and look.found.outcome is not None:
            problem = look.found.outcome.message
        self.query_one(StudiesTable).border_subtitle = titled(problem.partition("\n")[0])

    @property
    def target(self) -> Look | None:
        """The study under the cursor."""
        return self.query_one(StudiesTable).chosen if self._looks else None

    def start_worker(self, study: Study, share: Share) -> None:
        """Start a worker of `study`."""
        self.dashboard.backend.start_worker(study, share)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys for a study only if there is one."""
        if self.is_mounted and action in ("open", "worker", "stop", "more", "delete"):
            return self.target is not None
        return True

    def action_open(self) -> None:
        """Open the study."""
        if (look := self.target) is not None:
            self.go(OpenTune(look.study))

    def action_new(self) -> None:
        """Open the form of a new run, from which a search begins."""
        self.go(OpenLaunch())

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()


def _nothing() -> Text:
    return Text.assemble(
        ("No studies yet.\n\n", "bold"),
        "A study searches good settings by validation films: each trial is a run.\n\n",
        (key_of("studies", "new"), "bold"), "  opens the form of a run; there ",
        (key_of("launch", "search"), "bold"), " searches instead of training once.\n",
        "Or: cxrtui tune --data FOLDER --init random --trials 30",
    )  # fmt: skip
