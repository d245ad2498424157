"""A run as its watchers see it: one pure function folds each event into a `RunState`.

Charts, plain text and JSON all read the state, so a live run, a finished one and a replay look the same.
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
"""Steps whose images a second are averaged for a watcher."""
_ETA_STEPS = 10_000  # of the first epoch whose pace tells how long it takes


class Series(Generic[T]):
    """An append-only sequence that costs O(1) to extend and that never changes once handed out.

    Successive values share one list; each knows its own length, so a longer sibling is invisible to it.
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
        """This series and one item more."""
        grown: Series[T] = Series.__new__(Series)
        grown._items = self._items if len(self._items) == self._length else self._items[: self._length]
        grown._items.append(item)
        grown._length = self._length + 1
        return grown

    def tail(self, count: int) -> list[T]:
        """The last `count` items."""
        return self._items[max(0, self._length - count) : self._length]


@dataclass(frozen=True)
class RunState:
    """Everything a screen shows of a run. Empty at first; `fold` is the only thing that makes a new one.

    `status`: empty, preparing, compiling, training, validating, paused, evaluating, finished, stopped, failed;
    unreadable where the log is there and nothing of it can be read. `problem` says what of it could not be.
    """

    run: str = ""
    status: str = "empty"
    started: float = 0.0
    updated: float = 0.0
    config: dict[str, dict[str, object]] = field(default_factory=dict)
    device: dict[str, object] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    preparing: ev.Preparing | None = None
    data: ev.DataPrepared | None = None
    compiled: ev.Compiled | None = None
    unfrozen: Series[ev.Unfrozen] = field(default_factory=Series)
    steps: Steps = field(default_factory=Steps)
    epochs: Series[ev.EpochDone] = field(default_factory=Series)
    validations: Series[ev.Validated] = field(default_factory=Series)
    stoppings: Series[ev.EarlyStopping] = field(default_factory=Series)
    checkpoint: ev.CheckpointSaved | None = None
    evaluations: dict[str, ev.Evaluated] = field(default_factory=dict)
    stopped: ev.Stopped | None = None
    failed: ev.Failed | None = None
    warnings: Series[ev.Warned] = field(default_factory=Series)
    log: Series[LogLine] = field(default_factory=Series)
    problem: str = ""

    def warned(self, code: str) -> list[ev.Warned]:
        """The warnings of this code, in their order; one that was said again after a restore is listed once."""
        found = {item.message: item for item in self.warnings if item.code == code}
        return list(found.values())

    @property
    def early(self) -> ev.EarlyStopping | None:
        """What early stopping made of the latest validation; None before the first."""
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
    def images_per_second(self) -> float:
        """Training images a second over the last steps, since a single one's is told by the clock of a moment."""
        paces = [pace for pace in self.steps.column("images_per_second")[-PACE_STEPS:] if pace > 0]
        return len(paces) / sum(1 / pace for pace in paces) if paces else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until the last epoch ends, by the pace of the latest epoch with its validation; None if unknown."""
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
        return max(0.0, per_step * (self.total_steps - last.step))

    def _step_seconds(self, first: int) -> float | None:
        """Seconds that each step after the one at `first` took, without the pauses and saves between them."""
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
        """Whether the log's last word is that the run goes on; the process may have died without saying so."""
        return self.status not in ("empty", "finished", "stopped", "failed", "unreadable")


def fold(state: RunState, event: ev.Event) -> RunState:
    """`state` after `event`; neither argument changes.

    Every event that `codec.parse` lets through can be folded; of one that holds what its type does not allow, an
    error is raised, and whoever reads logs of other hands passes over it (`reading.fold_read`).
    """
    after, line = _apply(state, event), describe(event)
    log = after.log if line is None else after.log.appended(line)
    return replace(after, log=log, updated=max(after.updated, event.time))


def fold_block(state: RunState, block: StepBlock) -> RunState:
    """`state` after many steps, as `fold` of each in turn."""
    return replace(state, steps=state.steps.extended(block), status="training", preparing=None,
                   updated=max(state.updated, block.last_time))  # fmt: skip


def fold_all(stream: Iterable[ev.Event], state: RunState | None = None) -> RunState:
    """`fold` over a whole log."""
    state = state or RunState()
    for event in stream:
        state = fold(state, event)
    return state


def with_problem(state: RunState, problem: str) -> RunState:
    """`state` and what of its log could not be read; empty where all could."""
    if problem == state.problem:
        return state
    status = "empty" if state.status == "unreadable" else state.status
    return replace(state, problem=problem, status="unreadable" if problem and status == "empty" else status)


def _apply(state: RunState, event: ev.Event) -> RunState:
    """`state` after `event`, but for its log and its time."""
    match event:
        case ev.RunStarted():
            return replace(
                state, run=event.run, status="preparing", started=event.time, config=event.config, device=event.device
            )
        case ev.Preparing():
            status = event.stage if event.stage in ("compiling", "validating", "evaluating") else "preparing"
            return replace(state, status=status, preparing=event)
        case ev.Fetched():
            return replace(state, preparing=None)
        case ev.DataPrepared():
            return replace(state, data=event, labels=tuple(event.labels), preparing=None)
        case ev.Compiled():
            return replace(state, compiled=event, status="training", preparing=None)
        case ev.Unfrozen():
            return replace(state, unfrozen=state.unfrozen.appended(event))
        case ev.StepDone():
            return replace(state, steps=state.steps.appended(event), status="training", preparing=None)
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
        case ev.Failed():
            return replace(state, failed=event, status="failed", preparing=None)
    return state


def _resumed(state: RunState, event: ev.Resumed) -> RunState:
    """After a restore, forget what the old process did beyond the checkpoint."""
    state = replace(state, status="training", stopped=None, failed=None, preparing=None)
    if not event.restored:
        return state
    validations = Series(item for item in state.validations if item.step <= event.step)
    validated = validations[-1].epoch if len(validations) else 0
    return replace(
        state,
        unfrozen=Series(item for item in state.unfrozen if item.step < event.step),  # at that step it happens again
        steps=state.steps.until(event.step),
        epochs=Series(item for item in state.epochs if item.step <= event.step),
        validations=validations,
        stoppings=Series(item for item in state.stoppings if item.epoch <= validated),
        evaluations={},
    )
