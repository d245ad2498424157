"""The keys that both the list of studies and the screen of one study have: workers, stop, more trials, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual import work

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.printable import printable
from cxrtui.process.gpus import ADDED, ALONE, Share
from cxrtui.search.study import Study, delete
from cxrtui.tui.keys import key_of
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.threads import result_of
from cxrtui.tui.tune.reading import Look
from cxrtui.tui.watching import WatchingPage

MORE = 10
"""Trials by which a key raises the number."""


class StudyPage(WatchingPage[None]):
    """Actions on the study under the cursor, or on the one that is shown."""

    place = "Tune"
    asking = False
    """Whether an action asks something."""

    @property
    def target(self) -> Look | None:
        """The study that keys act on."""
        raise NotImplementedError

    def start_worker(self, study: Study, share: Share) -> None:
        """Start a worker of `study` with its share of the GPUs; a thread calls this.

        Raises:
            CxrtuiError: the system cannot start a process.
        """
        raise NotImplementedError

    def deleted(self, study: Study) -> None:
        """Do what follows once `study` is deleted."""

    async def _tried(self, title: str, name: str, action: Callable[..., object], *arguments: Any) -> bool:
        """Do it in a thread and read anew; show an error in a notice, and return whether there was none."""
        try:
            await result_of(name, action, *arguments)
        except CxrtuiError as error:
            self.app.push_screen(Notice(title, str(error)))
            return False
        self.look_now()
        return True

    @work
    async def action_worker(self) -> None:
        """Start one more worker, a process that outlives the dashboard."""
        if (look := self.target) is not None:
            at_work = look.found is not None and look.found.workers
            await self.begin_worker(look.study, ADDED if at_work else ALONE)

    async def begin_worker(self, study: Study, share: Share = ALONE) -> None:
        """Start a worker and say so."""
        if await self._tried("No worker", f"start worker of {study.name}", self.start_worker, study, share):
            self.notify(f"A worker of {printable(study.name)} starts; it goes on when cxrtui ends.",
                        title="Worker", markup=False, timeout=3)  # fmt: skip

    @work
    async def action_stop(self) -> None:
        """Ask all workers to stop, on every machine."""
        look = self.target
        if look is not None and await self._tried("Not stopped", f"stop {look.study.name}", look.study.stop):
            self.asked_to_stop(look.study)

    def asked_to_stop(self, study: Study) -> None:
        """Say that the workers were asked."""
        self.notify("The workers save a checkpoint and end; a worker that is started later goes on from there.",
                    title=f"Stopping {printable(study.name)}", markup=False)  # fmt: skip

    @work
    async def action_more(self) -> None:
        """Let the study try more trials."""
        look = self.target
        if look is None or look.found is None:
            return
        wanted = look.found.plan.tune.trials + MORE
        if await self._tried("Not changed", f"extend {look.study.name}", lambda: look.study.extend(trials=wanted)):
            hint = "" if look.found.workers else f" {key_of('tune', 'worker')} starts a worker."
            self.notify(f"{wanted} trials in all now.{hint}", title=printable(look.study.name), markup=False)

    @work
    async def action_delete(self) -> None:
        """Delete the study, after asking; the runs of its trials stay."""
        look = self.target
        if look is None or self.asking:
            return
        self.asking = True
        try:
            answer = await self.app.push_screen_wait(Question(
                f"Delete study {printable(look.study.name)}?",
                f"{printable(look.study.folder)}\n\nIts journal, its split and its result are deleted for good. The "
                "runs of its trials stay; they are in the list of runs.",
                Choice("n", "Keep", ""),
                Choice("y", "Delete", "delete", "error"),
            ))  # fmt: skip
        finally:
            self.asking = False
        if answer == "delete" and await self._tried("Not deleted", f"delete {look.study.name}", _delete, look.study):
            self.notify(f"{printable(look.study.name)} is deleted; its runs stay.", title="Study", markup=False)
            self.deleted(look.study)


def _delete(study: Study) -> None:
    from cxrtui.search.worker import at_work

    if at_work(study):
        raise UsageError(f"Study {study.name} is being worked on; stop it first ({key_of('tune', 'stop')}).")
    delete(study)
