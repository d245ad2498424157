"""The side that starts a training process, and watches or leaves it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cxrtui.clock import Clock
from cxrtui.disk import explained
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, CxrtuiError
from cxrtui.files import read_bytes
from cxrtui.process.children import how_ended, send, start_child
from cxrtui.runs import codec
from cxrtui.runs.beginnings import clear_stump
from cxrtui.runs.events import Event, Failed
from cxrtui.runs.folder import Run
from cxrtui.runs.hosts import Place
from cxrtui.settings.config import Config
from cxrtui.training import endings

NICE = 10
"""How much lower the priority of a training is than that of the dashboard that owns it, as in nice(1)."""

_TICK = 0.1  # seconds between two looks at what is asked
_LAST_WORDS = 500  # characters of stderr in a message
_owned: set[TrainingProcess] = set()
_left: list[subprocess.Popen[bytes]] = []  # polled now and then, because their exit codes wait for somebody


class TrainingProcess:
    """A process that trains `run`, in a session of its own, which no terminal can signal."""

    def __init__(
        self, run: Run, settings: Config, *, resume: bool = False, nice: int = 0, place: Place | None = None,
        stderr_file: Path | None = None, standby: subprocess.Popen[bytes] | None = None,
    ) -> None:  # fmt: skip
        """Start it.

        Args:
            run: an existing folder.
            settings: of the run.
            resume: go on from the latest checkpoint.
            nice: how much lower its priority is.
            place: among the processes of several hosts; with one, `fault` gets an error that may come of another host,
                and the log does not.
            stderr_file: gets what it prints; by default the run's.
            standby: a process that waits for a run (`standby`), which then trains this one. Its priority stays.

        Raises:
            CxrtuiError: the system cannot start a process.
        """
        self.run, self._settings = run, settings
        self.begun = False
        self.failed: tuple[str, Failed] | None = None
        """The run's last event with its line, if it is a failure; the log need not have it."""
        self.fault = ""
        self.code: int | None = None
        """The run's exit code; None if the process died."""
        self._clock = Clock()
        self._heard: float | None = None
        self._stderr_file, self._before = stderr_file or run.stderr_file, 0  # bytes that processes before it printed
        self._rest = b""
        _left[:] = [process for process in _left if process.poll() is None]
        with contextlib.suppress(OSError):
            self._before = self._stderr_file.stat().st_size
        self._process = standby or self._started()
        printed = str(self._stderr_file) if standby else ""
        self._send(folder=str(run.folder), stderr=printed, settings=settings.as_dict(), resume=resume, nice=nice,
                   place=place and dataclasses.asdict(place))  # fmt: skip

    def _started(self) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as stack:
            try:
                stderr: Any = stack.enter_context(self._stderr_file.open("ab"))
            except OSError:
                stderr = subprocess.DEVNULL
            try:
                return start_child(stderr, str(self.run.folder))  # the folder shows in a list of processes
            except OSError as error:
                reason = f"The process of run {self.run.name} cannot be started ({explained(error)})."
                raise CxrtuiError(reason) from None

    def _send(self, **order: object) -> None:
        send(self._process, **order)

    def stop(self, fault: str = "") -> None:
        """Ask it to save a checkpoint and end; the log then names the `fault`, if any."""
        self._send(stop=fault)

    def let_go(self) -> None:
        """Leave it: it goes on when this process ends."""
        self._send(let_go=True)
        self.close_pipes()
        _left.append(self._process)

    def kill(self) -> None:
        """End it at once; its last checkpoint stays."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def ended(self, seconds: float = _TICK) -> bool:
        """Read its replies for so many seconds at most, and return whether it has ended."""
        assert self._process.stdout is not None
        over = self._process.poll() is not None
        if select.select([self._process.stdout], [], [], 0 if over else seconds)[0]:
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            self._heard = self._clock.now()
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
            if not data and not over:  # the pipe is at its end, and the process nearly
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)
            return over and not data
        return over

    @property
    def silent(self) -> float:
        """Seconds since it last said something; 0 before it begins. One of several hosts says often that it lives."""
        now = self._clock.now()
        return 0.0 if self._heard is None else now - self._heard

    def _take(self, reply: dict[str, Any]) -> None:
        self.begun = self.begun or "begun" in reply
        if "failed" in reply:
            event = codec.decode(reply["failed"])
            if isinstance(event, Failed):
                self.failed = reply["failed"], event
        self.fault = reply.get("fault", self.fault)
        self.code = reply.get("ended", self.code)

    def close(self) -> int:
        """Close the pipes of a process that has ended, and return the run's exit code.

        If the process died, the run's log gets the reason, unless another process writes it.
        """
        self.close_pipes()
        if self.code is not None:
            return self.code
        failed = Failed(error="Died", message=self._how_it_died(), exit_code=EXIT_FAULT, step=self.run.read().step)
        line = codec.encode(failed)
        with contextlib.suppress(CxrtuiError, OSError):
            from cxrtui.runner import record

            line = record(self.run, self._settings, failed)
        self.failed = line, failed
        return EXIT_FAULT

    def close_pipes(self) -> None:
        """Close the pipes to the process, which stops the run if it goes on."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _how_it_died(self) -> str:
        return f"The process that trained {self.how_died()}; {endings.safe(self.run)}; {endings.again(self.run)}."

    def how_died(self) -> str:
        """Return how a process that has died came to its end, and the last that it printed, to follow its name."""
        how = how_ended(self._process.returncode)
        with contextlib.suppress(OSError):
            own = read_bytes(self._stderr_file)[self._before :]
            # What Python adds where a signal ends it are stacks and names of modules.
            said = own.decode(errors="replace").partition("Fatal Python error")[0]
            lines = said.strip().splitlines()
            if words := [line for line in lines if not line.startswith("[Gloo]")]:  # its greeting is no last word
                how += f" ({words[-1][-_LAST_WORDS:]})"
        return how

    @property
    def aborted(self) -> bool:
        """Whether a process that has died ended itself, as JAX does where the first process of several is gone."""
        return self._process.returncode == -signal.SIGABRT


@contextlib.contextmanager
def _owning(process: TrainingProcess) -> Iterator[None]:
    _owned.add(process)
    try:
        yield
    finally:
        _owned.discard(process)


def kill_owned() -> None:
    """End at once every process that `drive` watches, because this process ends without a chance to ask them."""
    for process in list(_owned):
        process.kill()


def drive(
    run: Run, settings: Config, *, resume: bool, should_stop: Callable[[], bool],
    on_event: Callable[[str, Event], None], fault: Callable[[], str], let_go: Callable[[], bool],
    standby: subprocess.Popen[bytes] | None = None,
) -> int:  # fmt: skip
    """Train `run` as `runner.drive` does, in a process of its own, and return its exit code.

    Args:
        run: an existing folder: empty for a new run, an earlier run's with `resume`.
        settings: the configuration; with `resume`, the one that the run began with.
        resume: go on from the latest checkpoint.
        should_stop: called often; True stops the run with a checkpoint.
        on_event: called with the line and the event of a failure only; the log has the others.
        fault: called once `should_stop` has returned True; see `runner.drive`.
        let_go: called often; True leaves the run to itself, and this returns 0.
        standby: a process that waits for a run; by default one is started.

    Raises:
        CxrtuiError: the system cannot start a process.
    """
    process = TrainingProcess(run, settings, resume=resume, nice=NICE if standby is None else 0, standby=standby)
    asked: str | None = None
    with _owning(process):
        while not process.ended():
            if should_stop() and (why := fault()) != asked:
                asked = why
                process.stop(why)
            if let_go():
                process.let_go()
                return EXIT_DONE
        code = process.close()
    if process.failed is not None:
        on_event(*process.failed)
    return code


class DetachError(CxrtuiError):
    """A process ended before the first event of its run."""

    def __init__(self, process: TrainingProcess) -> None:
        self.exit_code = process.close()
        super().__init__(process.failed[1].message if process.failed else f"Run {process.run.name} ended at once.")


def detach(run: Run, settings: Config, *, resume: bool = False) -> None:
    """Train `run` in a process of its own, which nobody owns; return once the run has its first event.

    If it fails before that, a new run's folder is removed.

    Raises:
        CxrtuiError: it failed before that; the error has the message and the exit code of the failure.
    """
    process = TrainingProcess(run, settings, resume=resume)
    while not process.begun:
        if process.ended():
            error = DetachError(process)
            if not resume:
                with contextlib.suppress(OSError):
                    clear_stump(run)
            raise error
    process.let_go()
