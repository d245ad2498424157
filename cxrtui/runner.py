"""The runner pulls events from `fit`, appends them to the run's log as its only writer, and obeys its `control` file.

The dashboard's worker thread and a headless process both call `drive`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import platform
import secrets
import time
import traceback
from collections.abc import Callable, Iterable

import tomlkit

from cxrtui import __version__, strict_json
from cxrtui.disk import explained
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError
from cxrtui.files import write_atomic
from cxrtui.import_guard import uncollected
from cxrtui.runs import codec, events, notify
from cxrtui.runs.describe import describe
from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run
from cxrtui.runs.lock import RunLock
from cxrtui.runs.log import append
from cxrtui.runs.startup import StartUp
from cxrtui.runs.summary import Landmarks, read_landmarks
from cxrtui.settings import config
from cxrtui.settings.config import Config
from cxrtui.settings_toml import add_settings
from cxrtui.training import endings, estimate
from cxrtui.training.decisions import ENDED, REQUESTED
from cxrtui.training.mirror import Mirror
from cxrtui.training.steering import Steering

OnEvent = Callable[[str, Event], None]

_SUMMED_UP = (events.EarlyStopping, events.Resumed, events.Stopped, events.Failed)
_AT_WORK = (events.Preparing, events.Compiled, events.StepDone, events.EpochDone)
"""After these events the use of the machine is measured, if that is due."""
_POLL_SECONDS = 0.1
_BEAT_SECONDS = 2.0
_PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets", "numpy", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Return the versions of cxrtui, Python and the packages that a result depends on."""
    found = {"cxrtui": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def start_config(run: Run) -> Config:
    """Return the configuration that `run` began with.

    Raises:
        ConfigError: the run's config.toml is missing or broken.
    """
    return config.load(run.config_file)


def save_config(run: Run, settings: Config) -> None:
    """Write config.toml, with a comment beside each setting that says what it is for."""
    document = tomlkit.document()
    add_settings(document, settings, explained=True)
    write_atomic(run.config_file, tomlkit.dumps(document))


class _Log:
    """Appends events to the run's log, keeps its summary, and passes each event to the listener."""

    def __init__(self, run: Run, on_event: OnEvent | None) -> None:
        self.run, self.on_event = run, on_event
        self.lock: RunLock | None = None
        self.step = 0
        self.ended: Event | None = None
        self.tested: Event | None = None
        self.mirror: Mirror | None = None
        self._marks = Landmarks()
        self._beaten = 0.0
        self._startup = StartUp()

    def go_on(self) -> bool:
        """Continue the log that an earlier process wrote; return whether it contains a RunStarted."""
        self._marks = read_landmarks(self.run.events_file)
        return self._marks.started

    def check(self) -> None:
        """Make sure that the run's folder is still the one that was locked.

        Raises:
            CheckpointError: the folder was renamed or deleted.
        """
        if self.lock is not None and not self.lock.holds:
            raise endings.gone(self.run, self.lock)

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.StepDone):
            self.step = event.step
        self.check()
        line = self.append(event)
        self.beat()
        self.notify(line, event)
        if (first := self._startup.after(event)) is not None:
            self(first)

    def append(self, event: Event) -> str:
        """Write the event's line, and once an epoch and at the end of the run the summary beside the log.

        Raises:
            OSError: the line could not be written. A summary that cannot be written is left out: readers need none.
        """
        if isinstance(event, (events.Stopped, events.Failed)):
            self.ended = event
        elif isinstance(event, events.Evaluated) and event.part == "test":
            self.tested = event
        written = append(self.run.events_file, event)
        self._marks.add_written(event, written)
        if isinstance(event, _SUMMED_UP):
            with contextlib.suppress(OSError):
                self._marks.write(self.run.events_file)
        return written.line

    def notify(self, line: str, event: Event) -> None:
        """Pass an event to the listener; if it fails (a closed pipe, say) it is not called again; the run goes on."""
        if self.on_event is not None:
            try:
                self.on_event(line, event)
            except Exception as error:
                self.on_event = None
                if not isinstance(error, (OSError, ValueError)):  # a fault of the listener does not end the run
                    message = f"The display of the run failed ({explained(error)}); the run and its log go on."
                    self.append(events.Warned(code="watcher", message=message))

    def add(self, news: Iterable[Event]) -> None:
        """Append what is reported after the end of the run, where that is possible."""
        for event in news:
            with contextlib.suppress(OSError, CxrtuiError):  # the disk, or the folder, may be gone
                self.check()
                self.notify(self.append(event), event)

    def beat(self) -> None:
        if (now := time.monotonic()) - self._beaten > _BEAT_SECONDS:
            self._beaten = now
            self.run.beat()


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
    log = _Log(run, on_event)
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
                _keep_traceback(run, error)
                on_fault(endings.described(run, error)[0])
                return EXIT_FAULT
            code = _failed(run, error, log)
        if log.lock.taken_over:  # the other process copies the run, and tells the user
            return code
        log.add(log.mirror.finish() if log.mirror else ())
        _tell_user(run, settings, code, log)
        return code
    finally:
        log.lock.release()


def _tell_user(run: Run, settings: Config, code: int, log: _Log) -> None:
    """Run the user's command; if it fails, the log has a warning."""
    status = {EXIT_DONE: "finished", EXIT_STOPPED: "stopped"}.get(code, "failed")
    lines = [line.text for event in (log.ended, log.tested) if event is not None and (line := describe(event))]
    message = f"Run {run.name} {status}: {' · '.join(lines)}"
    if why := notify.notify(settings.run.notify, log.run, status, message):
        warning = events.Warned(code="notify", message=f"The command of run.notify failed: {why}.")
        log.add([warning])


def record(run: Run, settings: Config, failed: events.Failed, *, take_over: bool = False) -> str:
    """Write the last line of a run whose process died without one, and return it; an ended run's log stays as it is.

    The last copy of ``run.mirror`` is made, and the user's command runs, as after any other end. With `take_over` the
    process that wrote the run may not be dead: it does not answer.

    Raises:
        CxrtuiError: another process writes the run by now, or the disk refuses.
        OSError: the line could not be written.
    """
    log = _Log(run, None)
    log.lock = run.acquire(take_over=take_over)
    try:
        log.go_on()
        state = run.read()
        if not state.live and state.status != "empty":
            return codec.encode(failed)
        line = log.append(failed)
        log.add(Mirror(run, settings.run.mirror).once())
        _tell_user(run, settings, failed.exit_code, log)
        return line
    finally:
        log.lock.release()


def warn(run: Run, warning: events.Warned, *, take_over: bool = False) -> None:
    """Write a warning to the log of a run whose process died, before another one goes on with it; see `record`.

    Raises:
        CxrtuiError, OSError: as `record`.
    """
    log = _Log(run, None)
    log.lock = run.acquire(take_over=take_over)
    try:
        log.append(warning)
    finally:
        log.lock.release()


def _drive(
    run: Run, settings: Config, resume: bool, should_stop: Callable[[], bool | str], log: _Log,
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
                event = _ended_by(why, event, run)
                outcome = event.exit_code
            elif isinstance(event, events.Stopped):
                outcome = EXIT_DONE if event.reason in ENDED else EXIT_STOPPED
            log(event)
            if isinstance(event, events.DataPrepared):
                _keep(run, settings, device, event)
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


def _ended_by(why: str, stopped: events.Stopped, run: Run) -> events.Failed:
    """Return the last event of a run that was stopped because the program around it failed."""
    message = f"{why}; {endings.safe(run)}; {endings.again(run)}."
    return events.Failed(error="Fault", message=message, exit_code=EXIT_FAULT, step=stopped.step)


def _keep(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    """Record the manifest of a new run; of a resumed run, record where its films have moved to, and its devices."""
    if not run.manifest_file.exists():
        _write_manifest(run, settings, device, data)
    before = start_config(run)
    if (before.data.source, before.run.devices) != (settings.data.source, settings.run.devices):
        save_config(run, settings)


def _write_manifest(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    body = {
        "run": run.name, "id": secrets.token_hex(8), "seed": settings.run.seed, "versions": versions(),
        "device": device,
        "data": {"source": data.source, "fingerprint": data.fingerprint, "labels": data.labels,
                 "counts": data.counts, "patients": data.patients,
                 "content": data.content, "division": data.division},
    }  # fmt: skip
    write_atomic(run.manifest_file, strict_json.dumps(body, indent=2) + "\n")


def _keep_traceback(run: Run, error: Exception) -> str:
    """Write the traceback of `error` beside the log, and return the file's name, or "" if it cannot be written."""
    name = "traceback.txt"
    try:
        write_atomic(run.folder / name, "".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return name


def _failed(run: Run, error: Exception, log: _Log) -> int:
    """Turn an exception into the run's last event, and keep its traceback beside the log."""
    if log.lock is not None and not log.lock.holds:  # the folder has moved, which explains any other error
        error = endings.gone(run, log.lock)
        if log.lock.place is not None and not log.lock.taken_over:
            log.run = Run(log.lock.place)
    message, code = endings.described(run, error)
    gone = log.run is run and log.lock is not None and not log.lock.holds
    name = "" if gone else _keep_traceback(log.run, error)
    failed = events.Failed(error=type(error).__name__, message=message, exit_code=code, step=log.step, traceback=name)
    line = codec.encode(failed)
    if not gone:
        try:
            line = log.append(failed)
        except OSError as full:  # the disk that the run needs may be the one that failed
            if not (isinstance(error, OSError) and error.filename == full.filename):
                both = f"{message} The log {full.filename} cannot be written either ({explained(full)})."
                line = codec.encode(failed := dataclasses.replace(failed, message=both))
    log.notify(line, failed)
    return code
