"""Workers of a study as processes (`background`): ``python -m cxrtui.process.worker FOLDER I/N [owned]``.

I of N is the worker's share of the GPUs (`gpus`), which it claims itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cxrtui.errors import EXIT_DONE, EXIT_STOPPED
from cxrtui.process import background
from cxrtui.process.gpu_claims import claimed
from cxrtui.process.gpus import ALONE, Share
from cxrtui.runs.events import Event
from cxrtui.search.study import Study

_MODULE = "cxrtui.process.worker"


def start(study: Study, *, owned: bool = False, share: Share = ALONE) -> subprocess.Popen[bytes]:
    """Start a worker, as `background.start` does."""
    return background.start(_MODULE, study.folder, _word(share), owned=owned)


def leave(study: Study, share: Share = ALONE) -> subprocess.Popen[bytes]:
    """Start a worker that goes on by itself, as `background.leave` does."""
    return background.leave(_MODULE, study.folder, _word(share))


def _word(share: Share) -> str:
    return "{}/{}".format(*share)


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
    index, _, count = sys.argv[2].partition("/")

    def work(should_stop: Callable[[], bool]) -> int:
        from cxrtui.runner import drive
        from cxrtui.search.worker import REQUESTED, Worker

        with claimed(study.folder, (int(index), int(count))) as own_gpus:
            os.environ.update(own_gpus)  # JAX, which reads them at its first computation, has done none yet
            reason = Worker(study, drive, should_stop, Quiet()).work()
        return EXIT_STOPPED if reason == REQUESTED else EXIT_DONE

    background.serve(work, owned=sys.argv[3:] == [background.OWNED])


if __name__ == "__main__":
    main()
