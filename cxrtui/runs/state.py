"""The state of a run for everything that shows it: one pure function folds each event into a `RunState`.

Charts, plain text and JSON all read the state, so a live run, a finished run and a replay look the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from cxrtui.runs import events as ev
from cxrtui.runs.describe import LogLine, describe
from cxrtui.runs.steps import StepBlock, Steps

T = TypeVar("T")

PACE_STEPS = 10
"""Number of latest steps over which the shown images per second are averaged."""
_ETA_STEPS = 10_000  # latest steps of the first epoch from which the ETA is estimated, at most


class Series(Generic[T]):
    """An append-only sequence: `appended` returns a new value in O(1), and no value ever changes.

    Successive values share one list; each knows its own length, so items that a later value added are not visible.
    """

    __slots__ = ("_items", "_length")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = list(items)
        self._length = len(self._items)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return (self._items[index] for index in range(self._length))

    def __getitem__(self, index: int) -> T:
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._items[index % self._length]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Series({list(self)!r})"

    def appended(self, item: T) -> Series[T]:
        """Return this series with one more item."""
        grown: Series[T] = Series.__new__(Series)
        grown._items = self._items if len(self._items) == self._length else self._items[: self._length]
        grown._items.append(item)
        grown._length = self._length + 1
        return grown

    def tail(self, count: int) -> list[T]:
        """Return the last `count` items."""
        return self._items[max(0, self._length - count) : self._length]


@dataclass(frozen=True)
class RunState:
    """Everything that a screen shows of a run. It is empty at first; `fold` makes each new one.

    `status`: empty, preparing, compiling, training, validating, paused, evaluating, finished, stopped, failed;
    unreadable if there is a log and nothing in it can be read. `problem` says what could not be read. `resumes` are the
    steps after which a new process went on from a checkpoint.
    """

    run: str = ""
    status: str = "empty"
    started: float = 0.0
    updated: float = 0.0
    config: dict[str, dict[str, object]] = field(default_factory=dict)
    device: dict[str, object] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    preparing: ev.Preparing | None = None
    data: ev.DataPrepared | None = None
    compiled: ev.Compiled | None = None
    first_step: ev.FirstStep | None = None
    unfrozen: Series[ev.Unfrozen] = field(default_factory=Series)
    steps: Steps = field(default_factory=Steps)
    resumes: Series[int] = field(default_factory=Series)
    epochs: Series[ev.EpochDone] = field(default_factory=Series)
    validations: Series[ev.Validated] = field(default_factory=Series)
    stoppings: Series[ev.EarlyStopping] = field(default_factory=Series)
    checkpoint: ev.CheckpointSaved | None = None
    evaluations: dict[str, ev.Evaluated] = field(default_factory=dict)
    stopped: ev.Stopped | None = None
    failed: ev.Failed | None = None
    warnings: Series[ev.Warned] = field(default_factory=Series)
    usage: Series[ev.Usage] = field(default_factory=Series)
    log: Series[LogLine] = field(default_factory=Series)
    problem: str = ""

    def warned(self, code: str) -> list[ev.Warned]:
        """Return the warnings with this code in order; one that was repeated after a restore is listed once."""
        found = {item.message: item for item in self.warnings if item.code == code}
        return list(found.values())

    @property
    def said(self) -> list[ev.Warned]:
        """The warnings in order, each once: a run that goes on says again what it said at its beginning."""
        found: dict[tuple[str, str], ev.Warned] = {}
        for item in self.warnings:
            found.setdefault((item.code, item.message), item)
        return list(found.values())

    @property
    def early(self) -> ev.EarlyStopping | None:
        """The decision of early stopping after the latest validation; None before the first."""
        return self.stoppings[-1] if len(self.stoppings) else None

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self.steps[-1].step if len(self.steps) else 0

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1; 0 before the first step."""
        return self.steps[-1].epoch if len(self.steps) else 0

    @property
    def total_steps(self) -> int:
        """Steps that the run takes if nothing stops it; 0 while unknown."""
        return self.steps[-1].epochs * self.steps[-1].steps_per_epoch if len(self.steps) else 0

    @property
    def devices(self) -> int:
        """The number of devices that share each batch."""
        return self.compiled.devices if self.compiled is not None else 1

    @property
    def images_per_second(self) -> float:
        """Training images per second over the last steps; the value of a single step varies too much."""
        paces = [pace for pace in self.steps.column("images_per_second")[-PACE_STEPS:] if pace > 0]
        return len(paces) / sum(1 / pace for pace in paces) if paces else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until the last epoch ends, as `seconds_until`."""
        return self.seconds_until(self.total_steps)

    def seconds_until(self, step: int) -> float | None:
        """Return seconds until `step` and its validation; None if unknown or if the run does not train.

        They follow from the time of the latest epoch and its validation, or in the first epoch from its steps.
        """
        if self.status not in ("training", "validating") or not len(self.steps):
            return None
        last = self.steps[-1]
        if len(self.epochs):
            validation = self.validations[-1].seconds if len(self.validations) else 0.0
            per_step = (self.epochs[-1].seconds + validation) / max(1, last.steps_per_epoch)
        else:
            known = self._step_seconds(max(0, len(self.steps) - 1 - min(last.steps_per_epoch, _ETA_STEPS)))
            if known is None:
                return None
            per_step = known
        return max(0.0, per_step * (step - last.step))

    def _step_seconds(self, first: int) -> float | None:
        """Return the mean seconds of a step after the one at index `first`, without pauses and saves between steps."""
        if len(self.steps) - first < 2:
            return None
        batch = self.config.get("optim", {}).get("batch_size")
        paces = [pace for pace in self.steps.column("images_per_second")[first + 1 :] if pace > 0]
        if isinstance(batch, int) and paces:
            return sum(batch / pace for pace in paces) / len(paces)
        begin, end = self.steps[first], self.steps[-1]
        return (end.time - begin.time) / max(1, end.step - begin.step)

    @property
    def live(self) -> bool:
        """Whether the run goes on according to the log; its process may have died without writing an end."""
        return self.status not in ("empty", "finished", "stopped", "failed", "unreadable")


def fold(state: RunState, event: ev.Event) -> RunState:
    """Return `state` after `event`; neither argument changes.

    Every event that `codec.parse` returns can be folded. An event whose fields have other types may raise an error;
    `reading.fold_read`, which reads logs from disk, skips it.
    """
    after, line = _apply(state, event), describe(event)
    log = after.log if line is None else after.log.appended(line)
    return replace(after, log=log, updated=max(after.updated, event.time))


def fold_block(state: RunState, block: StepBlock) -> RunState:
    """Return `state` after many steps, as if each had been folded in turn."""
    return replace(state, steps=state.steps.extended(block), status="training", preparing=None,
                   updated=max(state.updated, block.last_time))  # fmt: skip


def fold_all(stream: Iterable[ev.Event], state: RunState | None = None) -> RunState:
    """Fold a whole log."""
    state = state or RunState()
    for event in stream:
        state = fold(state, event)
    return state


def with_problem(state: RunState, problem: str) -> RunState:
    """Return `state` with the `problem` of its log, which is empty if all of it could be read."""
    if problem == state.problem:
        return state
    status = "empty" if state.status == "unreadable" else state.status
    return replace(state, problem=problem, status="unreadable" if problem and status == "empty" else status)


def with_batch(state: RunState, event: ev.BatchChosen) -> RunState:
    """Return the state of a run whose configuration left the batch size open, with the one that was chosen."""
    optim = {**state.config.get("optim", {}), "batch_size": event.batch_size}
    return replace(state, config={**state.config, "optim": optim})


def _apply(state: RunState, event: ev.Event) -> RunState:
    """Return `state` after `event`, except for `log` and `updated`."""
    match event:
        case ev.RunStarted():
            return replace(state, run=event.run, status="preparing", started=event.time, config=event.config,
                           device=event.device, versions=event.versions)  # fmt: skip
        case ev.Preparing():
            status = event.stage if event.stage in ("compiling", "validating", "evaluating") else "preparing"
            return replace(state, status=status, preparing=event)
        case ev.Fetched():
            return replace(state, preparing=None)
        case ev.DataPrepared():
            return replace(state, data=event, labels=tuple(event.labels), preparing=None)
        case ev.BatchChosen():
            return with_batch(state, event)
        case ev.Compiled():
            return replace(state, compiled=event, status="training", preparing=None)
        case ev.Unfrozen():
            return replace(state, unfrozen=state.unfrozen.appended(event))
        case ev.Encoded():
            return replace(state, status="training", preparing=None)
        case ev.StepDone():
            return replace(state, steps=state.steps.appended(event), status="training", preparing=None)
        case ev.FirstStep():
            return replace(state, first_step=event)
        case ev.EpochDone():
            return replace(state, epochs=state.epochs.appended(event), status="validating")
        case ev.Validated():
            return replace(state, validations=state.validations.appended(event), preparing=None)
        case ev.EarlyStopping():
            return replace(state, stoppings=state.stoppings.appended(event))
        case ev.CheckpointSaved():
            return replace(state, checkpoint=event)
        case ev.Paused():
            return replace(state, status="paused")
        case ev.Resumed():
            return _resumed(state, event)
        case ev.Evaluated():
            return replace(state, evaluations={**state.evaluations, event.part: event}, status="evaluating")
        case ev.Stopped():
            status = "finished" if event.reason in ("epochs", "early_stopping") else "stopped"
            return replace(state, stopped=event, status=status, preparing=None)
        case ev.Warned():
            return replace(state, warnings=state.warnings.appended(event))
        case ev.Usage():
            return replace(state, usage=state.usage.appended(event))
        case ev.Failed():
            return replace(state, failed=event, status="failed", preparing=None)
    return state


def _resumed(state: RunState, event: ev.Resumed) -> RunState:
    """After a restore, drop what the old process did after the checkpoint."""
    state = replace(state, status="training", stopped=None, failed=None, preparing=None)
    if not event.restored:
        return state
    validations = Series(item for item in state.validations if item.step <= event.step)
    validated = validations[-1].epoch if len(validations) else 0
    return replace(
        state,
        unfrozen=Series(item for item in state.unfrozen if item.step < event.step),  # it is logged again at that step
        steps=state.steps.until(event.step),
        resumes=Series([*(step for step in state.resumes if step <= event.step), event.step]),
        epochs=Series(item for item in state.epochs if item.step <= event.step),
        validations=validations,
        stoppings=Series(item for item in state.stoppings if item.epoch <= validated),
        evaluations={},
    )
