"""A run as its watchers see it: one pure function folds each event into a `RunState`.

Charts, plain text and JSON all read the state, so a live run, a finished one and a replay look the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from cxrtui.printable import in_list, printable_lines
from cxrtui.runs import events as ev

T = TypeVar("T")

PACE_STEPS = 10
"""Steps whose images a second are averaged for a watcher."""


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
class LogLine:
    """One line of the readable log; `level` is info, good, warning or error."""

    time: float
    level: str
    text: str


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
    steps: Series[ev.StepDone] = field(default_factory=Series)
    epochs: Series[ev.EpochDone] = field(default_factory=Series)
    validations: Series[ev.Validated] = field(default_factory=Series)
    verdicts: Series[ev.EarlyStopping] = field(default_factory=Series)
    checkpoint: ev.CheckpointSaved | None = None
    evaluations: dict[str, ev.Evaluated] = field(default_factory=dict)
    stopped: ev.Stopped | None = None
    failed: ev.Failed | None = None
    log: Series[LogLine] = field(default_factory=Series)
    problem: str = ""

    @property
    def early(self) -> ev.EarlyStopping | None:
        """What early stopping made of the latest validation; None before the first."""
        return self.verdicts[-1] if len(self.verdicts) else None

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
        paces = [step.images_per_second for step in self.steps.tail(PACE_STEPS) if step.images_per_second > 0]
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
            window = self.steps.tail(last.steps_per_epoch + 1)
            if len(window) < 2:
                return None
            per_step = self._step_seconds(window)
        return max(0.0, per_step * (self.total_steps - last.step))

    def _step_seconds(self, window: list[ev.StepDone]) -> float:
        """Seconds a step of `window`, without the pauses and saves between them."""
        batch = self.config.get("optim", {}).get("batch_size")
        paces = [step.images_per_second for step in window[1:] if step.images_per_second > 0]
        if isinstance(batch, int) and paces:
            return sum(batch / pace for pace in paces) / len(paces)
        return (window[-1].time - window[0].time) / max(1, window[-1].step - window[0].step)

    @property
    def live(self) -> bool:
        """Whether the log's last word is that the run goes on; the process may have died without saying so."""
        return self.status not in ("empty", "finished", "stopped", "failed", "unreadable")


def fold(state: RunState, event: ev.Event) -> RunState:
    """`state` after `event`; neither argument changes."""
    try:
        state, line = _apply(state, event), describe(event)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError):
        return state  # a log that something else has written into
    if line is not None:
        state = replace(state, log=state.log.appended(line))
    return replace(state, updated=max(state.updated, event.time))


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
    match event:
        case ev.RunStarted():
            return replace(state, run=event.run, status="preparing", started=event.time, config=event.config,
                           device=event.device)  # fmt: skip
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
            return replace(state, verdicts=state.verdicts.appended(event))
        case ev.CheckpointSaved():
            return replace(state, checkpoint=event)
        case ev.Paused():
            return replace(state, status="paused")
        case ev.Resumed():
            return _resumed(state, event)
        case ev.Evaluated():
            return replace(state, evaluations={**state.evaluations, event.part: event}, status="evaluating")
        case ev.Stopped():
            status = "stopped" if event.reason == "requested" else "finished"
            return replace(state, stopped=event, status=status, preparing=None)
        case ev.Failed():
            return replace(state, failed=event, status="failed", preparing=None)
    return state


def _resumed(state: RunState, event: ev.Resumed) -> RunState:
    """After a restore, forget what the old process did beyond the checkpoint."""
    state = replace(state, status="training", stopped=None, failed=None, preparing=None)
    if not event.restored:
        return state
    return replace(
        state,
        unfrozen=Series(item for item in state.unfrozen if item.step < event.step),  # at that step it happens again
        steps=Series(item for item in state.steps if item.step <= event.step),
        epochs=Series(item for item in state.epochs if item.step <= event.step),
        validations=(validations := Series(item for item in state.validations if item.step <= event.step)),
        verdicts=Series(state.verdicts.tail(len(state.verdicts))[: len(validations)]),
        evaluations={},
    )


def percent(value: float) -> str:
    """A fraction as the log and the screens write it: ``93.6 %``, or a dash where it is undefined."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def metrics_text(metrics: dict[str, float]) -> str:
    """The metrics on one line; the loss only where there is one."""
    auroc = metrics.get("auroc", float("nan"))
    loss = f"loss {metrics['loss']:.4f} · " if "loss" in metrics else ""
    return (
        f"{loss}accuracy {percent(metrics.get('accuracy', float('nan')))}"
        f" · AUROC {'–' if math.isnan(auroc) else f'{auroc:.3f}'}"
        f" · sensitivity {percent(metrics.get('sensitivity', float('nan')))}"
        f" · specificity {percent(metrics.get('specificity', float('nan')))}"
    )


def describe(event: ev.Event) -> LogLine | None:
    """The event as a line for people, or None for the many that only move a bar or a chart."""
    text, level = "", "info"
    match event:
        case ev.RunStarted():
            text = f"run {event.run}, seed {event.seed}, on {event.device.get('kind', 'an unknown device')}"
        case ev.Fetching():
            size = f", {event.bytes / 1e6:.0f} MB" if event.bytes else ""
            text = (f"{event.name} is not on the shelf and is fetched from Hugging Face: {event.source}{size},"
                    f" licence {event.licence}")  # fmt: skip
        case ev.Fetched():
            sound = "what was published" if event.verified else "trusted, for no checksum was known beforehand"
            text, level = f"{event.name} is on the shelf, {sound} · SHA-256 {event.sha256}", "good"
        case ev.FirstWeights():
            left = f" · left: {'; '.join(event.left)}" if event.left else ""
            text = f"first weights of {event.source}: {event.taken}{left}"
        case ev.DataPrepared():
            parts = "; ".join(
                f"{part} {sum(counts.values())} ({_counts(counts)})" for part, counts in event.counts.items()
            )
            text = f"films: {parts}" + (" · from the prepared store" if event.cached else f" · {event.seconds:.1f} s")
            if event.left_out:
                text += " · left out: " + "; ".join(f"{count} {why}" for why, count in event.left_out.items())
            if event.unreadable:
                level = "warning"
                listed = "; ".join(f"{path}: {reason}" for path, reason in event.unreadable[:10])
                more = f"; and {len(event.unreadable) - 10} more" if len(event.unreadable) > 10 else ""
                text += f" · {len(event.unreadable)} cannot be read: {listed}{more}"
        case ev.Compiled():
            text = f"compiled in {event.seconds:.1f} s · {event.trainable:,} of {event.parameters:,} parameters train"
        case ev.Unfrozen():
            text = (f"epoch {event.epoch}: {event.stage} and all above it train from here on ·"
                    f" {event.trainable:,} parameters")  # fmt: skip
        case ev.EpochDone():
            text = (f"epoch {event.epoch}: train loss {event.loss:.4f} · accuracy {percent(event.accuracy)}"
                    f" · {event.seconds:.1f} s")  # fmt: skip
        case ev.Validated():
            text = f"epoch {event.epoch}: validation {metrics_text(event.metrics)}"
        case ev.EarlyStopping():
            if event.improved:
                text, level = f"best {event.metric} so far: {event.value:.4f} (epoch {event.epoch})", "good"
            else:
                left = f" · patience left {event.patience_left}" if event.patience else ""
                text = (f"{event.metric} {event.value:.4f} does not pass {event.to_beat:.4f} of epoch"
                        f" {event.best_epoch}{left}")  # fmt: skip
            if event.stopping:
                text, level = text + " · stopping early", "warning"
        case ev.CheckpointSaved():
            text = f"checkpoint at step {event.step}" + (" (best)" if event.best else "") + f" · {event.reason}"
        case ev.Paused():
            text, level = f"paused after step {event.step}", "warning"
        case ev.Resumed():
            text = f"resumed after step {event.step}" + (" from its checkpoint" if event.restored else "")
        case ev.Warned():
            text, level = event.message, "warning"
        case ev.Evaluated():
            counts = event.counts
            text, level = (f"{event.part}: {metrics_text(event.metrics)} · {counts['films']} films:"
                           f" {counts['tp']} true positive, {counts['fn']} missed, {counts['tn']} true negative,"
                           f" {counts['fp']} false alarms"), "good"  # fmt: skip
        case ev.Stopped():
            why = {"epochs": "all epochs done", "early_stopping": "early stopping", "requested": "stopped on request"}
            text, level = f"{why.get(event.reason, event.reason)} after step {event.step}", "good"
        case ev.Failed():
            text, level = event.message, "error"
        case _:
            return None
    return LogLine(event.time, level, printable_lines(text))


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {in_list(label)}" for label, count in found.items())
