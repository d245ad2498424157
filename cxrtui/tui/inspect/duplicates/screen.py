"""The Duplicates screen: each two films of one exposure side by side, and what is to become of them.

The choices are kept here until they are written; `writing` says into which files.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import BindingType

from cxrtui.data.sources.correction_files import DIFFERENT, SAME
from cxrtui.errors import CxrtuiError
from cxrtui.settings.config import DataConfig
from cxrtui.tui import threads
from cxrtui.tui.inspect.duplicates import questions, writing
from cxrtui.tui.inspect.duplicates.choices import Choices, side_of
from cxrtui.tui.inspect.duplicates.layout import DuplicatesLayout
from cxrtui.tui.inspect.duplicates.opening import open_with_system
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenClassify
from cxrtui.tui.widgets.find import FindLine

if TYPE_CHECKING:
    from cxrtui.data.inspect.duplicates import Duplicates


class DuplicatesScreen(DuplicatesLayout):
    """Takes what the user says of pairs of copies. Its result is what it has written, or None."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("duplicates", "everywhere")
    sections = ("duplicates", "everywhere")
    where = "Duplicates"

    def __init__(self, found: Duplicates, data: DataConfig) -> None:
        """Show `found`; `data` has the settings that the films were read with."""
        super().__init__(found)
        self._data, self._films = data, found.films
        self._writes = False

    @property
    def unsaved(self) -> str:
        """The choices that are not written."""
        return self._choices.in_words()

    # --- choices

    def _choose(self, choices: Choices) -> None:
        self._choices = choices
        self._mark()
        self._say_what_to_do()

    def _exclude(self, paths: Collection[Path]) -> None:
        if paths:
            self._choose(self._choices.exclude(paths))

    def action_exclude_left(self) -> None:
        """Leave out the left film, or no longer."""
        self._exclude(self._pair.paths[:1] if self._pair else ())

    def action_exclude_right(self) -> None:
        """Leave out the right film, or no longer."""
        self._exclude(self._pair.paths[1:] if self._pair else ())

    def action_exclude_both(self) -> None:
        """Leave out both films, or no longer."""
        self._exclude(self._pair.paths if self._pair else ())

    def _exclude_side(self, side: int) -> None:
        self._exclude(side_of([self._all[place] for place in self._listed], side))

    def action_exclude_all_left(self) -> None:
        """Leave out the left film of every pair that is listed, or no longer."""
        self._exclude_side(0)

    def action_exclude_all_right(self) -> None:
        """Leave out the right film of every pair that is listed, or no longer."""
        self._exclude_side(1)

    def action_same(self) -> None:
        """Say that both films are of one patient, or no longer."""
        if (pair := self._pair) is not None:
            self._choose(self._choices.relate(pair, SAME))

    def action_different(self) -> None:
        """Say that the films are of two patients and no copies, or no longer."""
        if (pair := self._pair) is None:
            return
        if pair.identical:
            self._say(
                "✗ these files are the same byte for byte, so they show one patient; leave one of them out instead"
            )
            return
        self._choose(self._choices.relate(pair, DIFFERENT))

    def action_undo(self) -> None:
        """Take the last choice back."""
        if (before := self._choices.undone()) is None:
            self._say("nothing is chosen yet")
        else:
            self._choose(before)

    # --- the files

    def action_open(self) -> None:
        """Open both films with the system's program."""
        if self._pair is not None:
            try:
                open_with_system(self._pair.paths)
                self._say("opened with the system's program for such files")
            except CxrtuiError as error:
                self._say(f"✗ {error}; {key_of('duplicates', 'copy')} copies the paths")

    def action_copy(self) -> None:
        """Copy the paths of both films."""
        if self._pair is not None:
            self.app.copy_to_clipboard(shlex.join(map(os.fspath, self._pair.paths)))
            self.notify("Copied, if this terminal lets programs use its clipboard (OSC 52).", title="Copy")

    def action_classify(self) -> None:
        """Open the Classify screen in the folder of the left film, or of the right one if that has the focus."""
        if self._pair is not None:
            self.go(OpenClassify(folder=self._pair.paths[self._panes[1].film.has_focus].parent))

    # --- writing

    @work
    async def action_save(self) -> None:
        """Ask, then write the choices as settings and go back to the report."""
        if not self._choices.count or self._writes:
            self._say("nothing is chosen yet")
            return
        self._writes = True
        try:
            plan = await threads.result_of("plan choices", writing.plan, self._choices, self._data,
                                           self.dashboard.workspace, self._films)  # fmt: skip
            if await self.app.push_screen_wait(questions.write(plan)) == "yes":
                await threads.result_of("write choices", writing.write, plan)
                self.dismiss(plan)
        except CxrtuiError as error:
            self.app.push_screen(Notice("Not written", str(error)))
        finally:
            self._writes = False

    def action_back(self) -> None:
        """List all pairs again, or go back; ask first if choices are not written."""
        if self.query_one(FindLine).clear_words():
            self._focus_list()
        elif self._choices.count:
            self.app.push_screen(questions.leave(self._choices.in_words()), self._left)
        else:
            self.dismiss(None)

    def _left(self, answer: str | None) -> None:
        if answer == "write":
            self.action_save()
        elif answer == "discard":
            self.dismiss(None)
