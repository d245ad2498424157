"""Works on a protocol: divides its films, trains what is not trained yet, and makes the table.

Each training is an ordinary run. What an earlier process has done is kept: the divisions, runs that are finished, and
of a run under way its latest checkpoint. As a resumed run ends with the same bits as one that was not stopped, so does
the protocol. All trainings differ in films and numbers alone, so that one compiled program trains them all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from cxrtui.disk import explained
from cxrtui.errors import EXIT_DONE, Cancelled, CheckpointError, CxrtuiError, DataError, UsageError, cancelled_when
from cxrtui.evaluation.protocols.folder import Fold, ProtocolFolder
from cxrtui.evaluation.protocols.preparing import data_of, prepare_folds
from cxrtui.evaluation.protocols.result import sum_up
from cxrtui.runs import codec, events, lock, notes
from cxrtui.runs.folder import Run
from cxrtui.runs.series import Drive, OnEvent, SeriesError, check_own, train
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.protocol import Plan
from cxrtui.settings.sections import EVALUATED


class Listener(Protocol):
    """Is told what is done."""

    def on_event(self, line: str, event: events.Event) -> None:
        """An event of the run under way, with its line of the log; or of preparing the films."""

    def on_begin(self, fold: Fold, number: int, total: int, again: bool) -> None:
        """Training `number` of `total` begins, or goes on."""

    def on_end(self, fold: Fold, number: int, total: int, metrics: dict[str, float]) -> None:
        """A training has ended, now or earlier; the metrics are of its test."""


class Careful:
    """Passes on what is done; a listener that fails (its pipe is closed, say) ends no training."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def on_event(self, line: str, event: events.Event) -> None:
        """See `Listener`."""
        with contextlib.suppress(Exception):
            self._listener.on_event(line, event)

    def on_begin(self, fold: Fold, number: int, total: int, again: bool) -> None:
        """See `Listener`."""
        with contextlib.suppress(Exception):
            self._listener.on_begin(fold, number, total, again)

    def on_end(self, fold: Fold, number: int, total: int, metrics: dict[str, float]) -> None:
        """See `Listener`."""
        with contextlib.suppress(Exception):
            self._listener.on_end(fold, number, total, metrics)


def work(
    folder: ProtocolFolder, drive: Drive, should_stop: Callable[[], bool], listener: Listener
) -> dict[str, Any] | None:
    """Work on the protocol to its end and return its table; None if `should_stop`, or a user, stopped a run before.

    Args:
        folder: of a protocol that was begun.
        drive: trains a run, as ``runner.drive``.
        should_stop: called often; True ends the work, and the run under way goes on later from its checkpoint.
        listener: is told what happens.

    Raises:
        UsageError: another process works on it.
        DataError: the films cannot be used or divided; nothing of a protocol that has no divisions yet is kept.
        SeriesError: a training failed.
    """
    plan, listener = folder.read(), Careful(listener)
    with _locked(folder):
        try:
            stream = prepare_folds(folder, plan, cancelled_when(should_stop))
            while True:
                try:
                    event = next(stream)
                except StopIteration as stop:
                    folds = stop.value
                    break
                listener.on_event(codec.encode(event), event)
        except Cancelled:
            return None
        except DataError:
            folder.forget()
            raise
        for number, fold in enumerate(folds.folds, 1):
            run, config = folder.run(fold), config_of(folder, plan, fold)
            check_own(run, config, f"protocol {folder.name}")
            if not finished(run):
                listener.on_begin(fold, number, len(folds.folds), run.events_file.exists())
                if should_stop() or not _trained(folder, plan, fold, drive, should_stop, listener.on_event):
                    return None
            listener.on_end(fold, number, len(folds.folds), dict(run.read().evaluations["test"].metrics))
        return sum_up(folder, plan, folds)


def config_of(folder: ProtocolFolder, plan: Plan, fold: Fold) -> Config:
    """Return the settings of one training."""
    return with_values(plan.base, {
        "data.source": data_of(plan).source, "data.splits": str(folder.split_file(fold)), "run.seed": fold.seed,
        "run.evaluate": EVALUATED,
    })  # fmt: skip


def finished(run: Run) -> bool:
    """Return whether the run has ended and its test films were evaluated."""
    state = run.read()
    return state.status == "finished" and "test" in state.evaluations


def _trained(
    folder: ProtocolFolder, plan: Plan, fold: Fold, drive: Drive, should_stop: Callable[[], bool], on_event: OnEvent
) -> bool:
    """Train one run; return False if it was stopped.

    Raises:
        SeriesError: it failed.
    """
    run = folder.run(fold)
    failed: list[events.Failed] = []

    def heard(line: str, event: events.Event) -> None:
        if isinstance(event, events.Failed):
            failed.append(event)
        elif isinstance(event, events.RunStarted):
            with contextlib.suppress(CxrtuiError):  # a note is not worth the run
                notes.change(run.folder, note=f"{plan.protocol}: {fold.held_out} held out, seed {fold.seed}")
        on_event(line, event)

    code = train(run, config_of(folder, plan, fold), drive, should_stop, heard)
    if failed:
        raise SeriesError(f"Protocol {folder.name} waits, because its run {run.name} failed: {failed[0].message}", code)
    return code == EXIT_DONE and finished(run)


@contextlib.contextmanager
def _locked(folder: ProtocolFolder) -> Iterator[None]:
    """Hold the protocol's lock.

    Raises:
        UsageError: another process holds it.
        CheckpointError: the disk refuses.
    """
    try:
        held = lock.RunLock(folder.lock_file)
    except UsageError:
        raise UsageError(f"Another process works on protocol {folder.name}; its runs are in the list: cxrtui runs list"
                         ) from None  # fmt: skip
    except OSError as error:
        raise CheckpointError(f"{folder.lock_file} cannot be written ({explained(error)}).") from None
    try:
        yield
    finally:
        held.release()
