"""Workers of a study as processes (`background`): ``python -m cxrtui.process.worker FOLDER [owned]``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cxrtui.errors import EXIT_DONE, EXIT_STOPPED
from cxrtui.process import background
from cxrtui.process.gpus import ALONE, Share
from cxrtui.runs.events import Event
from cxrtui.search.study import Study

_MODULE = "cxrtui.process.worker"


def start(study: Study, *, owned: bool = False, share: Share = ALONE) -> subprocess.Popen[bytes]:
    """Start a worker, as `background.start` does."""
    return background.start(_MODULE, study.folder, owned=owned, share=share)


def leave(study: Study, share: Share = ALONE) -> subprocess.Popen[bytes]:
    """Start a worker that goes on by itself, as `background.leave` does."""
    return background.leave(_MODULE, study.folder, share)


def last_words(study: Study) -> str:
    """Return the last line that a worker of this machine has printed; empty if there is none."""
    return background.last_words(study.folder)


class Quiet:
    """Tells nobody what the worker does; the journal and the logs of its runs have it."""

    def on_event(self, line: str, event: Event) -> None:
        """See `Listener`."""

    def on_begin(self, trial: object, again: bool) -> None:
        """See `Listener`."""

    def on_end(self, trial: object, best: object) -> None:
        """See `Listener`."""

    def on_finale(self, trial: object, seeds: int) -> None:
        """See `Listener`."""


def main() -> None:
    """Work on the study until it is done, a signal asks to stop, or the parent of an owned worker has ended."""
    study = Study(Path(sys.argv[1]))

    def work(should_stop: Callable[[], bool]) -> int:
        from cxrtui.runner import drive
        from cxrtui.search.worker import REQUESTED, Worker

        reason = Worker(study, drive, should_stop, Quiet()).work()
        return EXIT_STOPPED if reason == REQUESTED else EXIT_DONE

    background.serve(work, owned=sys.argv[2:] == [background.OWNED])


if __name__ == "__main__":
    main()
