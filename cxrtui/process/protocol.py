"""The work on a protocol as a process of its own (`background`): ``python -m cxrtui.process.protocol FOLDER``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cxrtui.errors import EXIT_DONE, EXIT_STOPPED, CxrtuiError, UsageError
from cxrtui.evaluation.protocols import folder as folders
from cxrtui.evaluation.protocols.folder import Fold, ProtocolFolder
from cxrtui.process import background
from cxrtui.runs.events import Event
from cxrtui.settings.protocol import Plan

_MODULE = "cxrtui.process.protocol"
_POLL_SECONDS = 0.2


def leave(folder: ProtocolFolder) -> subprocess.Popen[bytes]:
    """Start a process that works on the protocol and goes on by itself, as `background.leave` does."""
    return background.leave(_MODULE, folder.folder)


def begin(checkpoints: Path, name: str, plan: Plan) -> str:
    """Begin or go on with a protocol in a process of its own; return its name once its films are divided.

    Raises:
        CxrtuiError: the plan differs from the one that it was begun with, or the films cannot be used or divided.
    """
    folder = folders.begin(checkpoints, name, plan)
    if folder.alive():
        raise UsageError(f"A process works on protocol {folder.name} already; its runs are in the list.")
    process = leave(folder)
    while (code := process.poll()) is None and not folder.folds_file.exists():
        time.sleep(_POLL_SECONDS)
    if code not in (None, EXIT_DONE, EXIT_STOPPED):
        words = background.last_words(folder.folder) or f"it ended with exit code {code}"
        raise CxrtuiError(f"Protocol {folder.name} did not begin: {words}")
    return folder.name


class Quiet:
    """Tells nobody what is done; the logs of the runs have it."""

    def on_event(self, line: str, event: Event) -> None:
        """See `Listener`."""

    def on_begin(self, fold: Fold, number: int, total: int, again: bool) -> None:
        """See `Listener`."""

    def on_end(self, fold: Fold, number: int, total: int, metrics: dict[str, float]) -> None:
        """See `Listener`."""


def main() -> None:
    """Work on the protocol until it is done, a run of it is stopped, or a signal asks to stop."""
    folder = ProtocolFolder(Path(sys.argv[1]))

    def work(should_stop: Callable[[], bool]) -> int:
        from cxrtui.evaluation.protocols.work import work
        from cxrtui.runner import drive

        return EXIT_STOPPED if work(folder, drive, should_stop, Quiet()) is None else EXIT_DONE

    background.serve(work, owned=False)


if __name__ == "__main__":
    main()
