"""Trains a run: pulls the events of `fit`, and obeys the control file."""

from __future__ import annotations

import time
from collections.abc import Callable

from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError
from cxrtui.import_guard import uncollected
from cxrtui.runner.ending import ended_by, failed_by, keep_traceback, tell_user
from cxrtui.runner.log import Log, OnEvent
from cxrtui.runner.records import keep, save_config, versions
from cxrtui.runs import codec, events
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training import endings, estimate
from cxrtui.training.decisions import ENDED, REQUESTED
from cxrtui.training.mirror import Mirror
from cxrtui.training.steering import Steering

_AT_WORK = (events.Preparing, events.Compiled, events.StepDone, events.EpochDone)
"""After these events the use of the machine is measured, if that is due."""
_POLL_SECONDS = 0.1


def drive(
    run: Run,
    settings: Config,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool | str] | None = None,
    on_event: OnEvent | None = None,
    fault: Callable[[], str] | None = None,
    connect: Callable[[], None] | None = None,
    on_fault: Callable[[str], None] | None = None,
) -> int:
    """Train `run` to its end, writing its log and obeying its control file; never raises.

    Args:
        run: an existing folder: empty for a new run, an earlier run's with `resume`.
        settings: the configuration; with `resume`, the one that the run began with.
        resume: go on from the latest checkpoint.
        should_stop: called often; True, or the reason as text, stops the run with a checkpoint, as the command ``stop``
            does.
        on_event: called with each line of the log and its event, after the line was written.
        fault: called when `should_stop` has stopped the run. It returns, as text, the fault of the program that stopped
            it, or "" if a user did. A run that ends because of a fault ends with `Failed` and not with `Stopped`.
        connect: called before JAX is used, to join the processes of other hosts.
        on_fault: called with the message of an error that is none of ours, which may then come of another host; the log
            gets no line of it.

    Returns:
        The exit code: 0 done, 5 stopped on request, else the error's.
    """
    log = Log(run, on_event)
    try:
        log.lock = run.acquire()
    except CxrtuiError as error:
        # Only the process that holds the lock may write the run's log, so only the listener gets this event.
        message, code = endings.described(run, error)
        failed = events.Failed(error=type(error).__name__, message=message, exit_code=code)
        log.notify(codec.encode(failed), failed)
        return code
    try:
        try:
            code = _drive(run, settings, resume, should_stop or (lambda: False), log, fault or (lambda: ""), connect)
        except Exception as error:
            if on_fault is not None and endings.is_fault(error):
                keep_traceback(run, error)
                on_fault(endings.described(run, error)[0])
                return EXIT_FAULT
            code = failed_by(run, error, log)
        if log.lock.taken_over:  # the other process copies the run, and tells the user
            return code
        log.add(log.mirror.finish() if log.mirror else ())
        tell_user(run, settings, code, log)
        return code
    finally:
        log.lock.release()


def load() -> None:
    """Import what `drive` needs, in a process that is to train later. JAX starts nothing by it."""
    with uncollected():
        import cxrtui.training.fit
        import cxrtui.training.usage  # noqa: F401


def _drive(
    run: Run, settings: Config, resume: bool, should_stop: Callable[[], bool | str], log: Log,
    fault: Callable[[], str], connect: Callable[[], None] | None,
) -> int:  # fmt: skip
    steering = Steering(run, should_stop)
    if not resume:
        save_config(run, settings)
        log(events.Preparing(stage="starting JAX"))
    with uncollected():
        from cxrtui.net import backend
        from cxrtui.net.layout import Layout
        from cxrtui.training.fit import fit
        from cxrtui.training.usage import UsageMeter

    backend.prepare()  # before JAX starts its threads
    if connect is not None:
        connect()
    fresh = not (resume and log.go_on())  # a process that died while JAX loaded left no RunStarted
    layout = Layout.choose(settings.run.devices, settings.optim.batch_size)
    device = backend.describe_device() | {"count": layout.count}
    if (processes := backend.processes()) > 1:
        device["processes"] = processes
    if fresh:
        log(events.RunStarted(run=run.name, seed=settings.run.seed, config=settings.as_dict(), device=device,
                              versions=versions()))  # fmt: skip
    outcome, meter = EXIT_FAULT, UsageMeter()
    log.mirror = mirror = Mirror(log.run, settings.run.mirror)
    stream = fit(settings, run, steering, resume=resume)
    try:
        for event in stream:
            if isinstance(event, events.Stopped) and event.reason == REQUESTED and (why := fault()):
                event = ended_by(why, event, run, "Fault" if connect is None else "HostLost")
                outcome = event.exit_code
            elif isinstance(event, events.Stopped):
                outcome = EXIT_DONE if event.reason in ENDED else EXIT_STOPPED
            log(event)
            if isinstance(event, events.DataPrepared):
                keep(run, settings, device, event)
            elif isinstance(event, events.BatchChosen):
                save_config(run, estimate.with_batch(settings, event.batch_size))
            for news in mirror.after(event):
                log(news)
            if isinstance(event, _AT_WORK) and meter.due:
                log(meter.read())
            steering.look()
            if isinstance(event, (events.Paused, events.Resumed)):
                steering.standing = isinstance(event, events.Paused)
            while steering.standing and steering.waiting:  # `fit` pauses while nobody pulls an event
                time.sleep(_POLL_SECONDS / 2)
                steering.look()
                log.check()
                log.beat()
    finally:
        stream.close()
    return outcome
