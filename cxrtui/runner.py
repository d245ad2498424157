"""The only writer of a run's log: pulls events from `fit`, appends them, and obeys the run's `control` file.

`drive` is the same in the dashboard's worker thread and in a headless process; only the caller differs.
"""

from __future__ import annotations

import dataclasses
import errno
import importlib.metadata
import json
import platform
import time
import traceback
from collections.abc import Callable

import tomlkit

from cxrtui import __version__, config, events
from cxrtui.config import Config
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError
from cxrtui.events import Event
from cxrtui.runs import Run, write_atomic

OnEvent = Callable[[str, Event], None]

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
            table.add(key, value)
            table[key].comment(config.about(f"{section}.{key}"))
        document.add(section, table)
    write_atomic(run.config_file, tomlkit.dumps(document))


class _Steering:
    """The commands of the control file and of the caller, as `fit` and the loop around it ask for them."""

    def __init__(self, run: Run, should_stop: Callable[[], bool]) -> None:
        self._run, self._should_stop = run, should_stop
        self._seen = {number for _, number in run.read_commands()}
        self._looked = 0.0
        self.stopping = self.paused = False
        self.checkpoint_asked = self.saving = False

    def look(self) -> None:
        """Read the control file, at most ten times a second."""
        if (now := time.monotonic()) - self._looked < _POLL_SECONDS:
            return
        self._looked = now
        if self._should_stop():
            self.stopping = True
        for command, number in self._run.read_commands():
            if number in self._seen:
                continue
            self._seen.add(number)
            match command:
                case "stop":
                    self.stopping = True
                case "pause":
                    self.paused = True
                case "resume":
                    self.paused = False
                case "checkpoint":
                    self.checkpoint_asked = True

    def should_stop(self) -> bool:
        self.look()
        return self.stopping

    def should_checkpoint(self) -> bool:
        """True once for each command."""
        asked, self.checkpoint_asked = self.checkpoint_asked, False
        self.saving = self.saving or asked
        return asked

    @property
    def waiting(self) -> bool:
        """Whether the run is to stand still; a checkpoint that was asked for comes first."""
        return self.paused and not (self.stopping or self.checkpoint_asked or self.saving)


class _Log:
    """Appends events to the run and hands each on."""

    def __init__(self, run: Run, on_event: OnEvent | None) -> None:
        self.run, self.on_event = run, on_event
        self.step = 0
        self._beaten = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.StepDone):
            self.step = event.step
        line = self.run.append(event)
        self.beat()
        self.tell(line, event)

    def tell(self, line: str, event: Event) -> None:
        """Hand an event on; a watcher that fails (a closed pipe, say) is not asked again, and the run goes on."""
        if self.on_event is not None:
            try:
                self.on_event(line, event)
            except (OSError, ValueError):
                self.on_event = None

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
) -> int:
    """Train `run` to its end, writing its log and obeying its control file; never raises.

    Args:
        run: an existing folder: empty for a new run, an earlier run's with `resume`.
        settings: what to do; with `resume`, what the run began with.
        resume: go on from the latest checkpoint.
        should_stop: asked often; True stops the run with a checkpoint, as the command ``stop`` does.
        on_event: called with each line of the log and its event, after it was written.

    Returns:
        The exit code: 0 done, 5 stopped on request, else the error's.
    """
    log = _Log(run, on_event)
    try:
        lock = run.acquire()
    except (CxrtuiError, OSError) as error:
        # The run's log belongs to whoever holds the lock; the caller alone is told.
        code = error.exit_code if isinstance(error, CxrtuiError) else EXIT_FAULT
        failed = events.Failed(error=type(error).__name__, message=str(error), exit_code=code)
        log.tell(events.encode(failed), failed)
        return code
    try:
        return _drive(run, settings, resume, should_stop or (lambda: False), log)
    except Exception as error:
        return _failed(run, error, log)
    finally:
        lock.release()


def _drive(run: Run, settings: Config, resume: bool, should_stop: Callable[[], bool], log: _Log) -> int:
    steering = _Steering(run, should_stop)
    run.mend_log()
    if not resume:
        save_config(run, settings)
        log(events.Preparing(stage="starting JAX"))
    from cxrtui.net import backend
    from cxrtui.training.fit import fit

    device = backend.describe_device()
    if not resume or not run.read().run:  # a process that died while JAX loaded left no RunStarted
        log(events.RunStarted(run=run.name, seed=settings.run.seed, config=settings.as_dict(), device=device,
                              versions=versions()))  # fmt: skip
    outcome = EXIT_FAULT
    stream = fit(settings, run, steering.should_stop, steering.should_checkpoint, resume=resume)
    try:
        for event in stream:
            log(event)
            if isinstance(event, events.DataPrepared) and not run.manifest_file.exists():
                _write_manifest(run, settings, device, event)
            if isinstance(event, events.Stopped):
                outcome = EXIT_STOPPED if event.reason == "requested" else EXIT_DONE
            steering.look()
            if isinstance(event, events.CheckpointSaved):
                steering.saving = False
            if steering.waiting and isinstance(event, (events.StepDone, events.CheckpointSaved)):
                _wait(steering, log)
    finally:
        stream.close()
    return outcome


def _wait(steering: _Steering, log: _Log) -> None:
    """Not pulling is pausing; the state stays where it is."""
    log(events.Paused(step=log.step))
    while steering.waiting:
        time.sleep(_POLL_SECONDS / 2)
        steering.look()
        log.beat()
    log(events.Resumed(step=log.step))


def _write_manifest(run: Run, settings: Config, device: dict[str, object], data: events.DataPrepared) -> None:
    body = {
        "run": run.name, "seed": settings.run.seed, "versions": versions(), "device": device,
        "data": {"source": data.source, "fingerprint": data.fingerprint, "labels": data.labels,
                 "counts": data.counts, "patients": data.patients},
    }  # fmt: skip
    write_atomic(run.manifest_file, json.dumps(body, indent=2) + "\n")


def _failed(run: Run, error: Exception, log: _Log) -> int:
    """Turn an exception into the run's last event; errors of ours keep a traceback beside the log."""
    known = isinstance(error, CxrtuiError)
    code = error.exit_code if isinstance(error, CxrtuiError) else EXIT_FAULT
    name = "traceback.txt"
    try:
        write_atomic(run.folder / name, "".join(traceback.format_exception(error)))
    except OSError:
        name = ""
    message = str(error) if known else _explained(error)
    failed = events.Failed(error=type(error).__name__, message=message, exit_code=code, step=log.step, traceback=name)
    try:
        log(failed)
    except OSError as full:  # the disk that the run needs may be the one that failed
        told = dataclasses.replace(failed, message=f"{message} (and the log cannot be written: {full})")
        log.tell(events.encode(told), told)
    return code


def _explained(error: Exception) -> str:
    """An error that is not of ours in words, with what to do where that is known."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full ({error.filename or 'while writing the run'}); make room and resume the run."
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text:
        return f"The device's memory is full; lower optim.batch_size or data.size. ({text.splitlines()[0][:200]})"
    return text
