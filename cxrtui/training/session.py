"""Holds the arguments of one call of `fit`, the state that the phases of its training share, and its position."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

from cxrtui import resources
from cxrtui.data.loader import Loader
from cxrtui.data.prepared.prepare import Prepared
from cxrtui.errors import CheckCancelled, DivergedError, cancelled_when, never_cancelled
from cxrtui.evaluation.evaluator import Evaluator
from cxrtui.evaluation.predict import Variables
from cxrtui.net import freeze, hosts
from cxrtui.net.cut import Cut
from cxrtui.net.forms import Table
from cxrtui.net.layout import Layout
from cxrtui.net.traced import CompiledFunction
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.decisions import Decisions
from cxrtui.training.hyper import Hyper
from cxrtui.training.initial_state import NetworkState
from cxrtui.training.profile import Trace
from cxrtui.training.rates import Rates
from cxrtui.training.stopping import Stopper
from cxrtui.weights import recorded
from cxrtui.weights.checkpoints import Checkpoints, finite


@dataclass
class Position:
    """The position of the loop. A checkpoint holds it with the arrays, so that a resumed run goes on exactly."""

    stopper: Stopper
    step: int = 0
    epoch_loss: float = 0.0
    epoch_correct: float = 0.0
    epoch_seconds: float = 0.0
    validated: bool = True  # whether the validation after the last full epoch is done
    features: dict[str, str] = field(default_factory=dict)  # digests of what `training.features` has kept, by name
    epoch_waiting: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a checkpoint."""
        return {
            "step": self.step, "epoch_loss": self.epoch_loss, "epoch_correct": self.epoch_correct,
            "epoch_seconds": self.epoch_seconds, "validated": self.validated, "stopper": self.stopper.as_dict(),
            "best_step": self.stopper.best_step, "features": self.features, "epoch_waiting": self.epoch_waiting,
        }  # fmt: skip

    @classmethod
    def restored(cls, config: Config, values: dict[str, Any]) -> Position:
        """Invert `as_dict`."""
        return cls(
            Stopper.restored(config.stop, values["stopper"]), int(values["step"]), float(values["epoch_loss"]),
            float(values["epoch_correct"]), float(values["epoch_seconds"]), bool(values["validated"]),
            dict(values.get("features", {})), float(values.get("epoch_waiting", 0.0)),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Call:
    """The arguments of one call of `fit`, and the checkpoints that it writes.

    Attributes:
        evaluation_batch: the most images of a device in a call of the program that validates.
    """

    config: Config
    run: Run
    decisions: Decisions
    checkpoints: Checkpoints
    layout: Layout
    evaluation_batch: int

    @property
    def check_compiling(self) -> CheckCancelled:
        """What raises `Cancelled` once there is a reason to stop; never among several hosts, which all have to meet."""
        return never_cancelled if hosts.several() else cancelled_when(self.decisions.stopping)


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What the frozen groups of the network make of the films, and the evaluator that goes on from there."""

    train: Loader
    validation: Loader
    evaluator: Evaluator


@dataclass(kw_only=True)
class Session:
    """The training of one call of `fit`: its data, its network and its programs.

    `network` and `step` change together before an epoch in which more groups train; `step` is None until the step for
    the next epoch is compiled. The evaluator's program always takes variables split by `evaluated_freeze_level`.
    Both programs have the convolutions' forms of `table`, which checkpoints record.

    With a `cut`, the step takes features that are computed there once (`training.features`), and the epochs and their
    validations use `prefix` instead of `train`, `validation` and `evaluator`; it is None until it is computed.
    """

    call: Call
    prepared: Prepared
    hyper: Hyper
    rates: Rates
    network: NetworkState
    step: CompiledFunction | None
    position: Position
    steps_per_epoch: int
    evaluator: Evaluator
    evaluated_freeze_level: str
    table: Table
    train: Loader
    validation: Loader
    trace: Trace
    cut: Cut | None = None
    prefix: Prefix | None = None
    told_late: bool = False  # whether the log has been told that films come too late
    _announced: list[ev.CheckpointSaved] = field(default_factory=list)

    @property
    def config(self) -> Config:
        """The configuration of the call."""
        return self.call.config

    @property
    def decisions(self) -> Decisions:
        """The decisions of the call."""
        return self.call.decisions

    @property
    def total_steps(self) -> int:
        """The number of steps in all epochs."""
        return self.steps_per_epoch * self.config.optim.epochs

    @property
    def epoch(self) -> int:
        """The epoch of the latest step, from 1."""
        return max(1, -(-self.position.step // self.steps_per_epoch))

    @property
    def next_freeze_level(self) -> str:
        """The freeze level of the next step."""
        model = self.config.model
        return transfer.freeze_level_in(self.position.step // self.steps_per_epoch + 1, model.freeze, model.unfreeze)

    def compiled(self, seconds: float) -> ev.Compiled:
        """Return the event of the step for the network as it is now, which was compiled in `seconds`."""
        parameters, trainable = self.network.state.counts
        layout = self.call.layout
        return ev.Compiled(seconds=seconds, parameters=parameters, trainable=trainable, devices=layout.count,
                           kind=layout.kind)  # fmt: skip

    def to_evaluate(self, variables: Variables, freeze_level: str) -> Variables:
        """Return `variables`, which `freeze_level` splits, as the evaluator's program takes them."""
        if freeze_level == self.evaluated_freeze_level:
            return variables
        _, *states = freeze.at_freeze_level(
            self.network.graphdef, **variables, freeze_level=self.evaluated_freeze_level
        )
        return dict(zip(("trainable", "frozen", "statistics"), states, strict=True))

    def save(self, reason: str) -> Iterator[ev.Event]:
        """Begin to save a checkpoint; its event follows once it is committed.

        Where memory is small, this waits until then, so that no step computes beside the copies of the arrays.

        Raises:
            DivergedError: the variables are not all finite; checkpoints on the disk are kept.
        """
        yield from self.committed(wait=True)
        state, position = self.network.state, self.position
        if not finite(state.variables) or (state.ema is not None and not finite(state.ema)):
            raise DivergedError(
                f"The weights after step {position.step} are not all finite; lower optim.learning_rate or set "
                "optim.clip."
            )
        about = {"epoch": self.epoch, "labels": self.prepared.labels, "fingerprint": self.prepared.fingerprint,
                 "spec": self.network.spec.as_dict(), "settings": recorded.settings(self.config),
                 "ema": state.ema is not None, "convolutions": self.table.as_dict(),
                 "devices": self.call.layout.count}  # fmt: skip
        # With a moving average, the weights of a checkpoint are the average, so that all readers use it. What the next
        # step changes is then kept beside the optimizer's state, which a resume alone reads.
        kept: Any = state.optimizer
        if state.ema is not None:
            kept = {"optimizer": kept, "trainable": state.trainable, "statistics": state.statistics}
        self.call.checkpoints.save(position.step, state.evaluated, kept, position.as_dict() | about)
        best = position.stopper.best_step == position.step
        self._announced.append(ev.CheckpointSaved(step=position.step, epoch=self.epoch, best=best, reason=reason))
        self.decisions.saved()
        if resources.is_small():
            yield from self.committed(wait=True)

    def pause(self) -> Generator[ev.Event, None, bool]:
        """Pause while requested, with no step under way; return True if a stop ended the pause, after saving.

        Checkpoints that are requested meanwhile are saved.
        """
        if not self.decisions.pause():
            return False
        yield from self.committed(wait=True)
        yield ev.Paused(step=self.position.step)
        while self.decisions.pause():
            if reason := self.decisions.checkpoint(standing=True):
                yield from self.save(reason)
                yield from self.committed(wait=True)
            else:
                yield ev.Paused(step=self.position.step)
        yield ev.Resumed(step=self.position.step)
        if not self.decisions.stopping():
            return False
        yield from self.save("stopping")
        return True

    def committed(self, *, wait: bool = False) -> Iterator[ev.Event]:
        """Yield the events of the checkpoints that are committed by now."""
        if self._announced and wait:
            self.call.checkpoints.wait()
        if self._announced and self.call.checkpoints.saving is None:
            for event in self._announced:
                now = time.time()
                yield dataclasses.replace(event, time=now, seconds=now - event.time)
            self._announced.clear()
