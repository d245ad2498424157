"""The only writer of a run's log: pulls events from `fit`, appends them, and obeys the run's `control` file.

`drive` is the same in the dashboard's worker thread and in a headless process; only the caller differs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import platform
import secrets
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from cxrtui import __version__, strict_json
from cxrtui.disk import explained
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError
from cxrtui.files import write_atomic
from cxrtui.runs import codec, events
from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run
from cxrtui.runs.lock import RunLock
from cxrtui.runs.log import append
from cxrtui.runs.summary import Landmarks, read_landmarks
from cxrtui.settings import config
from cxrtui.settings.config import Config
from cxrtui.training import endings
from cxrtui.training.decisions import ENDED, REQUESTED
from cxrtui.training.steering import Steering

OnEvent = Callable[[str, Event], None]

_SUMMED_UP = (events.EarlyStopping, events.Resumed, events.Stopped, events.Failed)
_POLL_SECONDS = 0.1
_BEAT_SECONDS = 2.0
_PACKAGES = ("jax", "flax", "optax", "orbax-checkpoint", "tensorflow-datasets", "numpy", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of what a result rests on."""
    found = {"cxrtui": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def start_config(run: Run) -> Config:
    """The configuration that `run` began with.

    Raises:
        ConfigError: its config.toml is missing or broken.
    """
    return config.load(run.config_file)


def save_config(run: Run, settings: Config) -> None:
    """Write config.toml, each setting under what it is for."""
    document = tomlkit.document()
    for section, body in settings.as_dict().items():
        table = tomlkit.table()
        for key, value in body.items():
            table.add(key, _inline(value) if isinstance(value, dict) else value)
            table[key].comment(config.about(f"{section}.{key}"))
        document.add(section, table)
    write_atomic(run.config_file, tomlkit.dumps(document))


def _inline(value: Mapping[str, Any]) -> InlineTable:
    """A setting that is a table, on one line, so that its comment stands behind it."""
    table = tomlkit.inline_table()
    table.update(value)
    return table


class _Log:
    """Appends events to the run, keeps its summary, and hands each event on."""

    def __init__(self, run: Run, on_event: OnEvent | None) -> None:
        self.run, self.on_event = run, on_event
        self.lock: RunLock | None = None
        self.step = 0
        self._marks = Landmarks()
        self._beaten = 0.0

    def go_on(self) -> bool:
        """Take up the log that an earlier process wrote; whether that process came to say what the run is."""
        self._marks = read_landmarks(self.run.events_file)
        return self._marks.started

    def check(self) -> None:
        """Make sure that the run's folder is still the one that was locked.

        Raises:
            CheckpointError: it was renamed or deleted.
        """
        if self.lock is not None and not self.lock.holds:
            raise endings.gone(self.run, self.lock)

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.StepDone):
            self.step = event.step
        self.check()
        line = self.append(event)
        self.beat()
        self.tell(line, event)

    def append(self, event: Event) -> str:
        """Write the event's line, and once an epoch and at an end the summary beside the log.

        Raises:
            OSError: the line could not be written; a summary that cannot be is none, and readers do without.
        """
        written = append(self.run.events_file, event)
        self._marks.add_written(event, written)
        if isinstance(event, _SUMMED_UP):
            with contextlib.suppress(OSError):
                self._marks.write(self.run.events_file)
        return written.line

    def tell(self, line: str, event: Event) -> None:
        """Hand an event on; a watcher that fails (a closed pipe, say) is not asked again, and the run goes on."""
        if self.on_event is not None:
            try:
                self.on_event(line, event)
            except Exception as error:
                self.on_event = None
                if not isinstance(error, (OSError, ValueError)):  # a fault of the watcher is no reason to end a run
                    said = f"What showed the run has failed ({explained(error)}); the run goes on, and so does its log."
                    self.append(events.Warned(code="watcher", message=said))

    def beat(self) -> None:
        if (now := time.monotonic()) - self._beaten > _BEAT_SECONDS:
            self._beaten = now
            self.run.beat()


def drive(
    run: Run,
    settings: Config,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] | None = None,
    on_event: OnEvent | None = None,
    fault: Callable[[], str] | None = None,
) -> int:
    """Train `run` to its end, writing its log and obeying its control file; never raises.

    Args:
        run: an existing folder: empty for a new run, an earlier run's with `resume`.
        settings: what to do; with `resume`, what the run began with.
        resume: go on from the latest checkpoint.
        should_stop: asked often; True stops the run with a checkpoint, as the command ``stop`` does.
        on_event: called with each line of the log and its event, after it was written.
        fault: asked when `should_stop` has stopped the run: what went wrong with the program that asked, in words, or
            nothing where a user asked. A run that ends for a fault says so, and not that it was stopped on request.

    Returns:
        The exit code: 0 done, 5 stopped on request, else the error's.
    """
    log = _Log(run, on_event)
    try:
        log.lock = run.acquire()
    except CxrtuiError as error:
        # The run's log belongs to whoever holds the lock; the caller alone is told.
        message, code = endings.described(run, error)
        failed = events.Failed(error=type(error).__name__, message=message, exit_code=code)
        log.tell(codec.encode(failed), failed)
        return code
    try:
        return _drive(run, settings, resume, should_stop or (lambda: False), log, fault or (lambda: ""))
    except Exception as error:
        return _failed(run, error, log)
    finally:
        log.lock.release()


def _drive(
    run: Run, settings: Config, resume: bool, should_stop: Callable[[], bool], log: _Log, fault: Callable[[], str]
) -> int:
    steering = Steering(run, should_stop)
    if not resume:
        save_config(run, settings)
        log(events.Preparing(stage="starting JAX"))
    from cxrtui.net import backend
    from cxrtui.training.fit import fit

    device = backend.describe_device()
    if not (resume and log.go_on()):  # a process that died while JAX loaded left no RunStarted
        log(events.RunStarted(run=run.name, seed=settings.run.seed, config=settings.as_dict(), device=device,
                              versions=versions()))  # fmt: skip
    outcome = EXIT_FAULT
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
            steering.look()
            if isinstance(event, (events.Paused, events.Resumed)):
                steering.standing = isinstance(event, events.Paused)
            while steering.standing and steering.waiting:  # not pulling is pausing
                time.sleep(_POLL_SECONDS / 2)
                steering.look()
                log.check()
                log.beat()
    finally:
        stream.close()
    return outcome


def _ended_by(why: str, stopped: events.Stopped, run: Run) -> events.Failed:
    """The last event of a run that was stopped because the program around it failed."""
    message = f"{why}; {endings.safe(run)}; {endings.again(run)}."
    return events.Failed(error="Fault", message=message, exit_code=EXIT_FAULT, step=stopped.step)


def _keep(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    """Record what the run began with; of one that is resumed, where its films have moved to."""
    if not run.manifest_file.exists():
        _write_manifest(run, settings, device, data)
    if start_config(run).data.source != settings.data.source:
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


def _failed(run: Run, error: Exception, log: _Log) -> int:
    """Turn an exception into the run's last event, and keep its traceback beside the log."""
    if log.lock is not None and not log.lock.holds:  # whatever it was, that is why
        error = endings.gone(run, log.lock)
        if log.lock.place is not None:
            log.run = Run(log.lock.place)
    message, code = endings.described(run, error)
    gone = log.run is run and log.lock is not None and not log.lock.holds
    name = "" if gone else "traceback.txt"
    try:
        if name:
            write_atomic(log.run.folder / name, "".join(traceback.format_exception(error)))
    except OSError:
        name = ""
    failed = events.Failed(error=type(error).__name__, message=message, exit_code=code, step=log.step, traceback=name)
    line = codec.encode(failed)
    if not gone:
        try:
            line = log.append(failed)
        except OSError as full:  # the disk that the run needs may be the one that failed
            if not (isinstance(error, OSError) and error.filename == full.filename):
                told = f"{message} The log {full.filename} cannot be written either ({explained(full)})."
                line = codec.encode(failed := dataclasses.replace(failed, message=told))
    log.tell(line, failed)
    return code
