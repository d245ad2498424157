"""The keys of the Runs screen that change runs: delete and undo, note and tags, export, copy of settings, compare."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial, wraps
from pathlib import Path

from textual import work

from cxrtui.durations import age
from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.printable import listing, printable
from cxrtui.runs import bin, notes
from cxrtui.runs.bin import Binned
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.size import counted, size_text
from cxrtui.tui import reporting
from cxrtui.tui.ask import Ask
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.routes import OpenCompare, OpenLaunch
from cxrtui.tui.runs import bulk
from cxrtui.tui.runs.questions import BOARDS, CLASSIFIER, TABLES, AskExport
from cxrtui.tui.threads import result_of
from cxrtui.tui.watching import WatchingPage
from cxrtui.workspace import expand

COMPARED_MOST = 8
_NAMED = 6  # runs that a question names


def _one_at_a_time(
    action: Callable[[RunActions], Awaitable[None]],
) -> Callable[[RunActions], Awaitable[None]]:
    """Do nothing if such an action asks already: a key that is pressed twice asks once."""

    @wraps(action)
    async def alone(self: RunActions) -> None:
        if self.asking:
            return
        self.asking = True
        try:
            await action(self)
        finally:
            self.asking = False

    return alone


class RunActions(WatchingPage[None]):
    """Actions on the runs that are selected, else on the one under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._deleted: list[Sequence[Binned]] = []  # what was deleted since the dashboard was opened, for undo
        self._export = (TABLES, reporting.FOLDER)
        self.asking = False
        """Whether an action asks something, or prepares to."""

    @property
    def targets(self) -> list[Snapshot]:
        """The selected runs in the order of the list, else the run under the cursor."""
        raise NotImplementedError

    def unselect(self) -> None:
        """Select no run."""
        raise NotImplementedError

    def _report(self, title: str, errors: Iterable[str]) -> None:
        if text := "\n\n".join(errors):
            self.app.push_screen(Notice(title, text))

    @work
    @_one_at_a_time
    async def action_delete(self) -> None:
        """Move runs to the bin, after asking."""
        live = [item.run for item in self.targets if self.dashboard.is_alive(item.run)]
        runs = [item.run for item in self.targets if item.run not in live]
        if not runs:
            if live:
                verb = "is live; stop it before deleting it" if len(live) == 1 else "are live; stop them first"
                self._report("Not deleted", [f"{_named('Run', live)} {verb}."])
            return
        size = await result_of("measure runs", bulk.size_of_all, runs)
        link = " Of a symbolic link only the link moves." if any(run.folder.is_symlink() for run in runs) else ""
        stays = f"\n\n{_named('Run', live)} {'stays, for it is' if len(live) == 1 else 'stay, for they are'} live."
        answer = await self.app.push_screen_wait(Question(
            f"Delete {printable(runs[0].name) if len(runs) == 1 else counted(len(runs), 'run')}?",
            f"{_list(runs)}\n\n{size_text(size)}: log, checkpoints and results go to the bin, and z brings them back."
            f"{link}{stays if live else ''}",
            Choice("n", "Keep", ""),
            Choice("y", "Delete", "delete", "error"),
        ))  # fmt: skip
        if answer != "delete":
            return
        done = await result_of("delete runs", bulk.discard, runs)
        if done.stuck and await self._agreed(done.stuck):
            last = await result_of("delete runs", bulk.each, [run for run, _ in done.stuck], Run.delete)
            done.errors += last.errors
        if done.binned:
            self._deleted.append(done.binned)
            held = await result_of("look into the bin", bulk.room, self.dashboard.workspace.checkpoints)
            self.notify(f"z undoes it.\n{held}\nTo empty it: cxrtui runs bin --empty", markup=False,
                        title=f"{counted(len(done.binned), 'run')} deleted", timeout=8)  # fmt: skip
        self.unselect()
        self.look_now()
        self._report("Not deleted", done.errors)

    async def _agreed(self, stuck: Sequence[tuple[Run, str]]) -> bool:
        """Ask whether runs that the bin cannot take are deleted for good."""
        answer = await self.app.push_screen_wait(Question(
            "Delete for good?",
            "\n\n".join(reason for _, reason in stuck),
            Choice("n", "Keep", ""),
            Choice("y", "Delete for good", "delete", "error"),
        ))  # fmt: skip
        return answer == "delete"

    @work
    @_one_at_a_time
    async def action_undo(self) -> None:
        """Bring the runs that were deleted last back; if it was in another session, ask first."""
        if self._deleted:
            items = self._deleted.pop()
        else:
            kept = await result_of("look into the bin", bin.contents, self.dashboard.workspace.checkpoints)
            if not kept:
                self.notify("The bin is empty.", title="Undo")
                return
            answer = await self.app.push_screen_wait(Question(
                f"Restore {printable(kept[0].name)}?",
                f"It was deleted {age(time.time() - kept[0].deleted)} ago; of {counted(len(kept), 'run')} in the bin it"
                " is the latest. The others: cxrtui runs bin",
                Choice("y", "Restore", "restore", "primary"),
                Choice("n", "Leave it", ""),
            ))  # fmt: skip
            if answer != "restore":
                return
            items = kept[:1]
        done = await result_of("restore runs", bulk.restore, items)
        if done.results:
            self.notify(
                listing(run.name for run in done.results if isinstance(run, Run)), title="Restored", markup=False
            )
        self.look_now()
        self._report("Not restored", done.errors)

    @work
    @_one_at_a_time
    async def action_note(self) -> None:
        """Edit the note of the run under the cursor."""
        for item in self.targets[:1] if len(self.targets) == 1 else []:
            text = await self.app.push_screen_wait(
                Ask(f"Note on {item.run.name}", "One line; empty removes the note.", item.notes.note, str)
            )
            if text is not None:
                done = await result_of("write notes", bulk.each, [item.run], partial(bulk.write_note, text=text))
                self.look_now()
                self._report("Not noted", done.errors)
            return
        if self.targets:
            self.notify("A note belongs to one run; esc unselects.", title="Note")

    @work
    @_one_at_a_time
    async def action_tags(self) -> None:
        """Edit the tags of a run, or change those of several."""
        targets = self.targets
        if not targets:
            return
        if len(targets) == 1:
            about, value = "The tags of the run, with spaces between them.", " ".join(targets[0].notes.tags)
        else:
            about, value = f"+good adds a tag to each of {len(targets)} runs, -bad takes it from them.", ""
        words = await self.app.push_screen_wait(Ask(f"Tags of {_short(targets)}", about, value, _tags))
        if words is None:
            return

        def changed(known: Sequence[str]) -> Sequence[str]:
            return notes.retagged([] if len(targets) == 1 else known, words)

        runs = [item.run for item in targets]
        done = await result_of("write tags", bulk.each, runs, partial(bulk.write_tags, tags=changed))
        self.look_now()
        self._report("Not tagged", done.errors)

    @work
    @_one_at_a_time
    async def action_export(self) -> None:
        """Write runs as tables, for TensorBoard or as pages for people, or put them on the shelf."""
        targets = self.targets
        if not targets:
            return
        answer = await self.app.push_screen_wait(AskExport(_short(targets), *self._export))
        if answer is None:
            return
        self._export = form, folder = answer
        self.asking = False  # writing may take long
        workspace = self.dashboard.workspace
        place = Path(expand(folder)) if Path(expand(folder)).is_absolute() else workspace.root / folder
        place = workspace.models if form == CLASSIFIER else place
        self.notify(f"{_short(targets)} → {printable(place)}", title="Exporting", markup=False)
        runs = [item.run for item in targets]
        done = await result_of(
            "export runs",
            bulk.each,
            runs,
            partial(bulk.export, form=form, place=place, models=workspace.models, backend=self.dashboard.backend),
        )
        if done.results:
            hint = f" · tensorboard --logdir {printable(place)}" if form == BOARDS else ""
            self.notify(f"{counted(len(done.results), 'run')} in {printable(place)}{hint}", title="Exported",
                        markup=False, timeout=10)  # fmt: skip
        self._report("Not exported", dict.fromkeys(done.errors))

    @work
    async def action_fork(self) -> None:
        """Open the form with the settings of the run."""
        for item in self.targets[:1]:
            try:
                texts = await result_of("read settings", bulk.settings_of, item.run)
            except CxrtuiError as error:
                self._report("Not copied", [str(error)])
                return
            self.go(OpenLaunch(texts))

    def action_compare(self) -> None:
        """Compare the selected runs."""
        runs = tuple(item.run for item in self.targets)
        if 2 <= len(runs) <= COMPARED_MOST:
            self.go(OpenCompare(runs))
        else:
            self.notify(f"Select two to {COMPARED_MOST} runs with space.", title="Compare")


def _tags(text: str) -> tuple[str, ...]:
    """Return the words of a text, if they may be changes of tags.

    Raises:
        UsageError: one may not.
    """
    words = tuple(text.split())
    notes.retagged((), words)
    if len(words) > notes.TAGS_MOST:
        raise UsageError(f"A run has at most {notes.TAGS_MOST} tags.")
    return words


def _short(targets: Sequence[Snapshot]) -> str:
    return printable(targets[0].run.name) if len(targets) == 1 else counted(len(targets), "run")


def _named(noun: str, runs: Sequence[Run]) -> str:
    shown = listing(run.name for run in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{noun if len(runs) == 1 else noun + 's'} {shown}{more}"


def _list(runs: Sequence[Run]) -> str:
    more = f"\nand {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return "\n".join(printable(run.folder) for run in runs[:_NAMED]) + more
