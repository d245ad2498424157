"""Trains one run on several hosts together: what the process of each of them does.

The first process writes the run, as any process that trains does. The others compute the same, drop the events, and
obey what the first one decides (`training.agreed`).
"""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED
from cxrtui.runner import OnEvent, drive
from cxrtui.runs import codec, events
from cxrtui.runs.folder import Run
from cxrtui.runs.hosts import Place
from cxrtui.settings.config import Config
from cxrtui.training import endings
from cxrtui.training.decisions import ENDED


def train(
    run: Run, settings: Config, place: Place, *, resume: bool, should_stop: Callable[[], bool], on_event: OnEvent,
    on_fault: Callable[[str], None], fault: Callable[[], str],
) -> int:  # fmt: skip
    """Train `run` in the process at `place`, and return its exit code.

    Args:
        run: its folder, which all hosts share.
        settings: of the run, the same ones on all hosts.
        place: among the processes.
        resume: go on from the latest checkpoint.
        should_stop: called often by the first process; True stops the run with a checkpoint.
        on_event: called with each line of the log and its event in the first process, else only if this host fails.
        on_fault: called with the message of an error that may come of another host; the log has no line of it.
        fault: called in the first process when `should_stop` has stopped the run; see `runner.drive`.
    """

    def connect() -> None:
        from cxrtui.net import hosts

        hosts.connect(place)

    if place.process == 0:
        code = drive(run, settings, resume=resume, should_stop=should_stop, on_event=on_event, connect=connect,
                     on_fault=on_fault, fault=fault)  # fmt: skip
    else:
        code = _along(run, settings, connect, resume, on_event, on_fault)
    if code in (EXIT_DONE, EXIT_STOPPED) or fault():  # the others have stopped with this one
        from cxrtui.net import hosts

        hosts.leave()
    return code


def _along(
    run: Run, settings: Config, connect: Callable[[], None], resume: bool, on_event: OnEvent,
    on_fault: Callable[[str], None],
) -> int:  # fmt: skip
    """Train as the first process does."""
    code = EXIT_FAULT
    try:
        from cxrtui.net import backend
        from cxrtui.training.fit import fit

        backend.prepare()
        connect()
        for event in fit(settings, run, resume=resume):
            if isinstance(event, events.Stopped):
                code = EXIT_DONE if event.reason in ENDED else EXIT_STOPPED
    except Exception as error:
        message, code = endings.described(run, error)
        if endings.is_fault(error):
            on_fault(message)
            return EXIT_FAULT
        failed = events.Failed(error=type(error).__name__, message=message, exit_code=code)
        on_event(codec.encode(failed), failed)
    return code
