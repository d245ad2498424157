"""The one training that this dashboard may run. A daemon thread owns it, so that quitting never waits for a compile.

The thread starts a process (`cxrtui.process`), so that neither JAX nor its compiler holds up the screen; it watches the
process and passes on what the user asks for.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress

from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError, UsageError
from cxrtui.runs.events import Event, Failed
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend


class Trainer:
    """Runs `backend.drive` in a thread of its own. Screens read from the run's log what it does, never from here."""

    def __init__(self, backend: Backend) -> None:
        self.run: Run | None = None
        self.problem = ""
        """Why the run could not start; later errors are in its log."""
        self._backend = backend
        self._code: int | None = None
        self._fault = ""
        self._stop = threading.Event()
        self._let_go = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> bool:
        """Whether the thread is running."""
        return self._thread is not None and self._thread.is_alive()

    def owns(self, run: Run) -> bool:
        """Return whether `run` is the one that this dashboard trains or trained last."""
        return self.run is not None and self.run.folder == run.folder

    def check_free(self) -> None:
        """Make sure that no run trains here.

        Raises:
            UsageError: one does.
        """
        if self.active and self.run is not None:
            raise UsageError(f"Run {self.run.name} trains in this dashboard; stop it before starting another.")

    def start(self, run: Run, config: Config | None, *, resume: bool = False) -> None:
        """Train `run`; without `config`, use the run's own config.toml.

        Raises:
            UsageError: another run trains here already.
        """
        self.check_free()
        self.run, self.problem, self._code, self._fault = run, "", None, ""
        self._stop, self._let_go = threading.Event(), threading.Event()
        self._thread = threads.start(f"train {run.name}", self._work, run, config, resume, self._stop, self._let_go)

    def _work(
        self, run: Run, config: Config | None, resume: bool, stop: threading.Event, let_go: threading.Event
    ) -> None:
        try:
            if config is None:
                config = self._backend.start_config(run)
            self._code = self._backend.drive(run, config, resume=resume, should_stop=stop.is_set, on_event=self._heard,
                                             fault=lambda: self._fault, let_go=let_go.is_set)  # fmt: skip
        except CxrtuiError as error:
            self.problem, self._code = str(error), error.exit_code
        except Exception as error:  # drive never raises, but an import may
            self.problem, self._code = f"{type(error).__name__}: {error}", EXIT_FAULT

    def _heard(self, line: str, event: Event) -> None:
        if isinstance(event, Failed):  # if another process holds the run, the log does not have this event
            self.problem = event.message

    def leave(self) -> None:
        """Ask the thread to leave the run to itself; once it is no longer `active`, the run outlives the dashboard."""
        self._let_go.set()

    @property
    def left(self) -> bool:
        """Whether the run was left to itself and goes on."""
        return self._let_go.is_set() and not self.active and self._code == EXIT_DONE

    def signal(self, fault: str = "") -> None:
        """Ask the thread to end at its next step, with a checkpoint; the log then names the `fault`, if any."""
        self._fault = fault or self._fault
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether the thread was asked to end and has not ended yet."""
        return self.active and self._stop.is_set()

    def finish(self) -> None:
        """Ask the thread to end, and wait until its checkpoint is saved; for use when the screen is gone."""
        self.signal()
        if self._thread is None or self.run is None or not self._thread.is_alive():
            return
        with suppress(OSError):
            print(f"Run {self.run.name} saves a checkpoint; a signal, as Ctrl-C, ends it at once …", file=sys.stderr)
        while self._thread.is_alive():
            self._thread.join(0.2)

    @property
    def exit_code(self) -> int:
        """The exit code of the process: the last run's; for a run that has not ended 5 if it can be resumed, else 1."""
        if self._fault:
            return EXIT_FAULT
        if self.run is None:
            return EXIT_DONE
        if self._code is not None:
            return self._code
        resumable = self.run.state.is_dir() and any(self.run.state.iterdir())
        return EXIT_STOPPED if resumable else EXIT_FAULT
