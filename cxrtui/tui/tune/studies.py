"""The list of the workspace's studies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from cxrtui.durations import age
from cxrtui.printable import printable
from cxrtui.process.gpus import Share
from cxrtui.search.study import Study, all_studies
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.listing import Everything, ListPage
from cxrtui.tui.routes import OpenTune
from cxrtui.tui.theme import FAINT
from cxrtui.tui.tune.page import StudyPage
from cxrtui.tui.tune.reading import Look, Reader
from cxrtui.tui.tune.screen import TuneScreen
from cxrtui.tui.tune.status import word_of, word_text
from cxrtui.tui.watch import Looks
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.tui.widgets.looks import LooksTable

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
    tune = found.plan.tune
    word = word_text(word_of(found))
    if found.workers:
        word.append(f" ({found.workers})")
    metric = tune.objective
    best = "–" if found.best is None else f"{metric_name(metric)} {amount(metric, found.best.value)}"
    held = "–" if found.result is None or not found.result.runs else amount(metric, found.result.on("test").mean)
    return name, word, Text(f"{found.ended}/{tune.trials}"), Text(best), Text(held), since


class StudiesScreen(ListPage[Look], StudyPage):
    """Lists the studies."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("studies", "everywhere")
    sections = ("studies", "everywhere")
    where = "Tune"
    things = "studies"
    AUTO_FOCUS = "#studies"

    def table(self) -> StudiesTable:
        """Return the table of studies."""
        return StudiesTable(id=self.things)

    def everything(self, checkpoints: Path) -> Looks[Sequence[Look]]:
        """Return what reads all studies."""
        return Everything(lambda: all_studies(checkpoints), partial(Reader, self.dashboard.backend)).looks

    def screen_of(self, look: Look) -> TuneScreen:
        """Return the screen of a study."""
        return TuneScreen(look.study)

    def remark(self, look: Look) -> str:
        """Return what is wrong with a study, or how its last worker ended."""
        if not look.problem and look.found is not None and look.found.outcome is not None:
            return look.found.outcome.message
        return look.problem

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

    def nothing(self) -> Text:
        """Return how a study begins."""
        return _nothing()


def _nothing() -> Text:
    return Text.assemble(
        ("No studies yet.\n\n", "bold"),
        "A study searches good settings by validation films: each trial is a run.\n\n",
        (key_of("studies", "new"), "bold"), "  opens the form of a run; there ",
        (key_of("launch", "search"), "bold"), " searches instead of training once.\n",
        "Or: cxrtui tune --data FOLDER --init random --trials 30",
    )  # fmt: skip
