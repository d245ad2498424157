"""Training as a generator of events: no threads of its own, no printing, no screen.

Whoever pulls decides: a caller that stops pulling has paused the run, one that closes the generator has ended it.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from cxrtui import events as ev
from cxrtui.config import Config
from cxrtui.data.feed import Feed, make_feed, steps_per_epoch
from cxrtui.data.prepare import Interrupted, Prepared, prepare
from cxrtui.errors import CheckpointError, DataError, DivergedError
from cxrtui.evaluation.judge import Judge
from cxrtui.net import backend
from cxrtui.net.checkpoints import Checkpoints
from cxrtui.runs import Run
from cxrtui.training.losses import class_weights
from cxrtui.training.optimizer import optimizer as make_optimizer
from cxrtui.training.optimizer import schedule
from cxrtui.training.start import Start, restore, start
from cxrtui.training.step import TrainState, make_step
from cxrtui.training.stopping import Stopper

Ask = Callable[[], bool]


def _never() -> bool:
    return False


@dataclass
class _Position:
    """Where the loop stands; what a checkpoint must hold beside the arrays to go on as if nothing had been."""

    stopper: Stopper
    step: int = 0
    epoch_loss: float = 0.0
    epoch_correct: float = 0.0
    epoch_seconds: float = 0.0
    validated: bool = True  # whether the validation after the last full epoch is done

    def as_dict(self, labels: list[str], fingerprint: str) -> dict[str, Any]:
        return {
            "step": self.step, "epoch_loss": self.epoch_loss, "epoch_correct": self.epoch_correct,
            "epoch_seconds": self.epoch_seconds, "validated": self.validated, "stopper": self.stopper.as_dict(),
            "best_step": self.stopper.best_step, "labels": labels, "fingerprint": fingerprint,
        }  # fmt: skip

    @classmethod
    def restored(cls, config: Config, values: dict[str, Any]) -> _Position:
        return cls(
            Stopper.restored(config.stop, values["stopper"]), int(values["step"]), float(values["epoch_loss"]),
            float(values["epoch_correct"]), float(values["epoch_seconds"]), bool(values["validated"]),
        )  # fmt: skip


@dataclass
class _Training:
    """One call of `fit`: the parts that its stages share."""

    config: Config
    run: Run
    should_stop: Ask
    should_checkpoint: Ask
    checkpoints: Checkpoints
    prepared: Prepared
    begun: Start
    state: TrainState
    position: _Position
    steps_per_epoch: int
    judge: Judge
    feed: Feed
    announced: list[ev.CheckpointSaved] = field(default_factory=list)
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.optim.epochs

    @property
    def epoch(self) -> int:
        """The epoch of the latest step, from 1."""
        return max(1, -(-self.position.step // self.steps_per_epoch))

    def save(self, reason: str) -> Iterator[ev.Event]:
        """Begin a checkpoint of this moment; its event follows once it is committed."""
        yield from self.committed(wait=True)
        position = self.position
        if self.checkpoints.latest() == position.step:
            return
        self.checkpoints.save(
            position.step, self.state.weights, self.state.optimizer,
            position.as_dict(self.prepared.labels, self.prepared.fingerprint) | {"epoch": self.epoch},
        )  # fmt: skip
        best = position.stopper.best_step == position.step
        self.announced.append(ev.CheckpointSaved(step=position.step, epoch=self.epoch, best=best, reason=reason))
        self.saved_at = time.monotonic()

    def committed(self, *, wait: bool = False) -> Iterator[ev.Event]:
        """The events of the checkpoints that are safely on disk by now."""
        if self.announced and wait:
            self.checkpoints.wait()
        if self.announced and self.checkpoints.saving is None:
            for event in self.announced:
                now = time.time()
                yield dataclasses.replace(event, time=now, seconds=now - event.time)
            self.announced.clear()


def fit(
    config: Config,
    run: Run,
    should_stop: Ask = _never,
    should_checkpoint: Ask = _never,
    *,
    resume: bool = False,
) -> Generator[ev.Event, None, None]:
    """Train, watch the validation part, stop early, and evaluate the best weights, as a stream of events.

    The result is a function of configuration, films and device alone: the order of the films, the augmentation and
    dropout follow from (seed, epoch, step), so that a resumed run ends with the same bits as one left alone.

    Args:
        config: what to do.
        run: where `splits.csv`, `state/` and `evaluation/` are written; its log is the caller's to write.
        should_stop: asked between steps; True ends the run with a checkpoint and `Stopped(reason="requested")`.
        should_checkpoint: asked between steps; True saves a checkpoint.
        resume: go on from the run's latest checkpoint, or from the start where there is none.

    Raises:
        DataError, WeightsError, CheckpointError: what is needed is missing or does not fit.
        DivergedError: the loss is no longer finite; the message names the step.
    """
    backend.prepare()
    checkpoints = Checkpoints(run.state)
    latest = checkpoints.latest() if resume else None
    position = _Position(Stopper(config.stop))
    progress: dict[str, Any] = {}
    if latest is not None:
        progress = checkpoints.progress(latest)
        try:
            position = _Position.restored(config, progress)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"Checkpoint {run.state / str(latest)} is torn: {error!r}.") from None
    if resume:
        yield ev.Resumed(step=position.step, epoch=int(progress.get("epoch", 0)), restored=True)
    training: _Training | None = None
    try:
        try:
            prepared = yield from prepare(_with_own_split(config, run), splits_out=run.splits_file,
                                          should_stop=should_stop)  # fmt: skip
        except Interrupted:
            yield ev.Stopped(reason="requested", step=position.step, epoch=0)
            return
        if progress and progress["fingerprint"] != prepared.fingerprint:
            raise DataError(
                f"The films of {config.data.source} are not those that run {run.name} began with; "
                "bring the old ones back or start a new run."
            )
        training, step = yield from _set_up(config, run, prepared, checkpoints, position, latest,
                                            should_stop, should_checkpoint)  # fmt: skip
        reason = yield from _train(training, step)
        yield from training.committed(wait=True)
        if reason != "requested":
            interrupted = yield from _evaluate(training)
            reason = "requested" if interrupted else reason
        yield ev.Stopped(reason=reason, step=position.step, epoch=training.epoch)
    finally:
        checkpoints.close()


def _with_own_split(config: Config, run: Run) -> Config:
    """A run that has its split already keeps it."""
    if run.splits_file.exists():
        return dataclasses.replace(config, data=dataclasses.replace(config.data, splits=str(run.splits_file)))
    return config


def _set_up(
    config: Config, run: Run, prepared: Prepared, checkpoints: Checkpoints, position: _Position, latest: int | None,
    should_stop: Ask, should_checkpoint: Ask,
) -> Generator[ev.Event, None, tuple[_Training, Any]]:  # fmt: skip
    """First weights or a checkpoint's, and both programs compiled, side by side."""
    part = prepared.parts["train"]
    if len(part) < 2:
        raise DataError("Fewer than two films are left to train on; add films or make data.validation smaller.")
    batch = config.optim.batch_size
    steps = steps_per_epoch(len(part), batch)
    optimizer = make_optimizer(config.optim, steps * config.optim.epochs)
    yield ev.Preparing(stage="compiling")
    began = time.monotonic()
    begun = start(config, optimizer)
    weights = class_weights(part.labels, config.optim.class_weights)
    judge = Judge(begun.graphdef, config.data.size, prepared.side, weights, config.optim.label_smoothing)
    images = jax.ShapeDtypeStruct((batch, prepared.side, prepared.side), np.uint8)
    labels = jax.ShapeDtypeStruct((batch,), np.int32)
    jitted = jax.jit(make_step(begun.graphdef, config, optimizer, weights), donate_argnums=0)
    with ThreadPoolExecutor(1) as second:
        compiling = second.submit(judge.predictor.compile, begun.state.weights)
        step = jitted.lower(begun.state, images, labels).compile()
        compiling.result()
    state = begun.state if latest is None else restore(begun, checkpoints, latest)
    yield ev.Compiled(seconds=time.monotonic() - began, parameters=begun.parameters, trainable=begun.trainable)
    feed = make_feed(part, config.data.feed)
    training = _Training(config, run, should_stop, should_checkpoint, checkpoints, prepared, begun, state, position,
                         steps, judge, feed)  # fmt: skip
    return training, step


def _train(training: _Training, step: Any) -> Generator[ev.Event, None, str]:
    """Epochs until there is a reason to stop, which is returned."""
    position = training.position
    while True:
        if not position.validated:
            interrupted = yield from _validate(training)
            if interrupted:
                return "requested"
        if position.stopper.stopping:
            return "early_stopping"
        if position.step >= training.total_steps:
            return "epochs"
        interrupted = yield from _epoch(training, step)
        if interrupted:
            return "requested"


def _epoch(training: _Training, step: Any) -> Generator[ev.Event, None, bool]:
    """The rest of the epoch under way; True where a stop was asked for. Scalars are read one step late."""
    config, position, per_epoch = training.config, training.position, training.steps_per_epoch
    epoch, first = position.step // per_epoch + 1, position.step % per_epoch
    batch = config.optim.batch_size
    rate = schedule(config.optim, training.total_steps)
    pending: tuple[int, dict[str, jax.Array]] | None = None
    clock = time.monotonic()

    def read() -> ev.StepDone:
        nonlocal clock
        assert pending is not None
        number, scalars = pending
        values = {name: float(value) for name, value in jax.device_get(scalars).items()}
        if not math.isfinite(values["loss"]):
            raise _diverged(config, values["loss"], f"step {number}", epoch)
        now = time.monotonic()
        seconds, clock = now - clock, now
        position.epoch_loss += values["loss"]
        position.epoch_correct += values["accuracy"]
        position.epoch_seconds += seconds
        return ev.StepDone(
            step=number, epoch=epoch, epochs=config.optim.epochs, steps_per_epoch=per_epoch, loss=values["loss"],
            accuracy=values["accuracy"], learning_rate=float(rate(number - 1)),
            gradient_norm=values["gradient_norm"], images_per_second=batch / max(seconds, 1e-9),
        )  # fmt: skip

    for films in training.feed.start(config.run.seed, epoch, batch, first):
        with jax.transfer_guard("disallow"):
            training.state, scalars = step(training.state, films.images, films.labels)
        if pending is not None:
            yield read()
        pending = (position.step + 1, scalars)
        position.step += 1
        yield from training.committed()
        due = config.run.checkpoint_minutes > 0 and (
            time.monotonic() - training.saved_at > 60 * config.run.checkpoint_minutes
        )
        if (stop := training.should_stop()) or due or training.should_checkpoint():
            yield read()
            pending = None
            if position.step % per_epoch == 0:
                break
            yield from training.save("stopping" if stop else "periodic" if due else "requested")
            if stop:
                return True
    if pending is not None:
        yield read()
    yield ev.EpochDone(epoch=epoch, step=position.step, loss=position.epoch_loss / per_epoch,
                       accuracy=position.epoch_correct / per_epoch, seconds=position.epoch_seconds)  # fmt: skip
    position.epoch_loss = position.epoch_correct = position.epoch_seconds = 0.0
    position.validated = False
    return False


def _diverged(config: Config, loss: float, where: str, epoch: int) -> DivergedError:
    return DivergedError(
        f"The loss of {where} (epoch {epoch}) is {loss}; lower optim.learning_rate "
        f"(it is {config.optim.learning_rate:g}) or set optim.clip."
    )


def _validate(training: _Training) -> Generator[ev.Event, None, bool]:
    """Judge the validation part, then early stopping, then a checkpoint; True where a stop was asked for instead."""
    position, part = training.position, training.prepared.parts["validation"]
    began = time.monotonic()
    judged = yield from training.judge.part(training.state.weights, part, "validating", training.should_stop)
    if judged is None:
        yield from training.save("stopping")
        return True
    epoch = position.step // training.steps_per_epoch
    if not math.isfinite(judged.metrics["loss"]):
        raise _diverged(training.config, judged.metrics["loss"], f"validation after step {position.step}", epoch)
    yield ev.Validated(epoch=epoch, step=position.step, metrics=judged.metrics, seconds=time.monotonic() - began)
    position.stopper, verdict = position.stopper.judge(epoch, position.step, judged.metrics)
    yield verdict
    position.validated = True
    stop = training.should_stop()
    yield from training.save("stopping" if stop else "epoch")
    return stop and not position.stopper.stopping and position.step < training.total_steps


def _evaluate(training: _Training) -> Generator[ev.Event, None, bool]:
    """The best weights on validation and test, into the log and `evaluation/`; True where a stop was asked for."""
    checkpoints, position = training.checkpoints, training.position
    best = checkpoints.best()
    weights = training.state.weights if best == position.step else checkpoints.weights(best, training.begun.state.weights)
    for name in ("validation", "test"):
        part = training.prepared.parts[name]
        judged = yield from training.judge.part(weights, part, "evaluating", training.should_stop)
        if judged is None:
            return True
        judged.write(training.run.evaluation, name, part, training.prepared.labels, best)
        yield ev.Evaluated(part=name, step=best, metrics=judged.metrics, counts=judged.counts,
                           threshold=judged.threshold)  # fmt: skip
    return False
