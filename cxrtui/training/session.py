"""What the stages of one training share, and where it stands."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.loader import Feed
from cxrtui.data.prepared.prepare import Prepared
from cxrtui.errors import DivergedError
from cxrtui.evaluation.judge import Judge
from cxrtui.evaluation.predict import Weights
from cxrtui.net import freeze
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.step import StepFunction, TrainState
from cxrtui.training.stopping import Stopper
from cxrtui.weights import recorded
from cxrtui.weights.checkpoints import Checkpoints, finite

Ask = Callable[[], bool]


@dataclass
class Position:
    """Where the loop stands; what a checkpoint holds beside the arrays to go on as if nothing had been."""

    stopper: Stopper
    step: int = 0
    epoch_loss: float = 0.0
    epoch_correct: float = 0.0
    epoch_seconds: float = 0.0
    validated: bool = True  # whether the validation after the last full epoch is done

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {
            "step": self.step, "epoch_loss": self.epoch_loss, "epoch_correct": self.epoch_correct,
            "epoch_seconds": self.epoch_seconds, "validated": self.validated, "stopper": self.stopper.as_dict(),
            "best_step": self.stopper.best_step,
        }  # fmt: skip

    @classmethod
    def restored(cls, config: Config, values: dict[str, Any]) -> Position:
        """The inverse of `as_dict`."""
        return cls(
            Stopper.restored(config.stop, values["stopper"]), int(values["step"]), float(values["epoch_loss"]),
            float(values["epoch_correct"]), float(values["epoch_seconds"]), bool(values["validated"]),
        )  # fmt: skip


@dataclass
class Session:
    """One call of `fit`: its parts, its state, and the checkpoints it makes.

    `spec`, `graphdef`, `state` and `step` change together, where an epoch begins in which more trains; `step` is None
    until the one for the next epoch is compiled. The judge's program goes on taking the weights as `judged_level`
    takes them apart.
    """

    config: Config
    run: Run
    should_stop: Ask
    should_checkpoint: Ask
    should_pause: Ask
    checkpoints: Checkpoints
    prepared: Prepared
    class_weights: NDArray[np.float32]
    spec: ClassifierSpec
    graphdef: Any
    state: TrainState
    step: StepFunction | None
    position: Position
    steps_per_epoch: int
    judge: Judge
    judged_level: str
    feed: Feed
    validation: Feed
    saved_at: float = field(default_factory=time.monotonic)
    _announced: list[ev.CheckpointSaved] = field(default_factory=list)

    @property
    def total_steps(self) -> int:
        """Steps of all epochs."""
        return self.steps_per_epoch * self.config.optim.epochs

    @property
    def epoch(self) -> int:
        """The epoch of the latest step, from 1."""
        return max(1, -(-self.position.step // self.steps_per_epoch))

    @property
    def next_level(self) -> str:
        """The freeze level of the next step."""
        model = self.config.model
        return transfer.level_in(self.position.step // self.steps_per_epoch + 1, model.freeze, model.unfreeze)

    def for_judge(self, weights: Weights, level: str) -> Weights:
        """`weights`, taken apart by `level`, as the judge's program takes them."""
        if level == self.judged_level:
            return weights
        _, *states = freeze.at_level(self.graphdef, **weights, level=self.judged_level)
        return dict(zip(("trainable", "frozen", "statistics"), states, strict=True))

    @property
    def due(self) -> bool:
        """Whether the last checkpoint is too old."""
        minutes = self.config.run.checkpoint_minutes
        return 0 < 60 * minutes < time.monotonic() - self.saved_at

    def save(self, reason: str) -> Iterator[ev.Event]:
        """Begin a checkpoint of this moment; its event follows once it is committed.

        Raises:
            DivergedError: the weights are not all finite; what is on the disk stays.
        """
        yield from self.committed(wait=True)
        if not finite(self.state.weights):
            raise DivergedError(
                f"The weights after step {self.position.step} are not all finite; lower optim.learning_rate or set "
                "optim.clip."
            )
        position = self.position
        about = {"epoch": self.epoch, "labels": self.prepared.labels, "fingerprint": self.prepared.fingerprint,
                 "spec": self.spec.as_dict(), "settings": recorded.settings(self.config)}  # fmt: skip
        self.checkpoints.save(position.step, self.state.weights, self.state.optimizer, position.as_dict() | about)
        best = position.stopper.best_step == position.step
        self._announced.append(ev.CheckpointSaved(step=position.step, epoch=self.epoch, best=best, reason=reason))
        self.saved_at = time.monotonic()

    def pause(self) -> Generator[ev.Event, None, bool]:
        """Stand still while asked to, with nothing under way on the device; True where a stop ended it, and is saved.

        What is asked for meanwhile is saved, and no step is taken.
        """
        if not self.should_pause():
            return False
        yield from self.committed(wait=True)
        yield ev.Paused(step=self.position.step)
        while self.should_pause():
            if self.should_checkpoint():
                yield from self.save("requested")
                yield from self.committed(wait=True)
            else:
                yield ev.Paused(step=self.position.step)
        yield ev.Resumed(step=self.position.step)
        if not self.should_stop():
            return False
        yield from self.save("stopping")
        return True

    def committed(self, *, wait: bool = False) -> Iterator[ev.Event]:
        """The events of the checkpoints that are safely on disk by now."""
        if self._announced and wait:
            self.checkpoints.wait()
        if self._announced and self.checkpoints.saving is None:
            for event in self._announced:
                now = time.time()
                yield dataclasses.replace(event, time=now, seconds=now - event.time)
            self._announced.clear()
