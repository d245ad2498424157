"""Reads the numbers of a step after the next step has started, so that the device never waits for the log."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TypeVar

import jax

from cxrtui.errors import DivergedError
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config
from cxrtui.training.rates import Rates, leading_rate, own_rates
from cxrtui.training.session import Position
from cxrtui.training.step import named

T = TypeVar("T")


def diverged(config: Config, what: str, value: float, epoch: int) -> DivergedError:
    """Return the error of a number that is not finite; it names the rates, which are most often the cause."""
    own, leading = own_rates(config.optim), leading_rate(config.optim)
    others = f" and the rates of {', '.join(own)}" if own else ""
    return DivergedError(
        f"The {what} (epoch {epoch}) is {value}; lower optim.learning_rate{others} "
        f"(at most {max([leading, *own.values()]):g} now) or set optim.clip."
    )


class Readings:
    """Reads the scalars of the steps of one epoch.

    The images per second of a step are counted from one reading to the next, including the caller's time between them.
    The device works on the next step meanwhile, so without that time the next step would look too fast. The clock
    restarts only when no step is under way, after a pause or a save.
    """

    def __init__(self, config: Config, position: Position, epoch: int, per_epoch: int, rates: Rates) -> None:
        self._config, self._position, self._epoch = config, position, epoch
        self._per_epoch, self._rates = per_epoch, rates
        self._pending: tuple[int, jax.Array] | None = None
        self._clock, self._before = time.monotonic(), 0.0

    @property
    def pending(self) -> bool:
        """Whether a step was dispatched whose scalars have not been read yet."""
        return self._pending is not None

    def timed(self, batches: Iterator[T]) -> Iterator[T]:
        """Yield `batches`, and count the time in which the device has no step to do because the next is not there yet.

        The time that the loop waits for a batch counts if the step before is done by then, so that a little too much
        is counted at most.
        """
        while True:
            began = time.monotonic()
            batch = next(batches, None)
            if batch is None:
                return
            seconds = time.monotonic() - began
            if self._pending is None or self._pending[1].is_ready():  # type: ignore[attr-defined]
                self._position.epoch_waiting += seconds
            yield batch

    def dispatched(self, step: int, scalars: jax.Array) -> None:
        """Note the scalars of the step just dispatched, to be read later."""
        self._pending = step, scalars

    def restart(self) -> None:
        """Restart the clock, because a pause or a save is no training."""
        self._clock = time.monotonic()

    def read(self, *, last: bool = False) -> ev.StepDone:
        """Return the pending step, and add it to the sums of the epoch.

        Args:
            last: whether it is the step just dispatched, so that none is under way afterwards.

        Raises:
            DivergedError: its loss or its gradient is not finite.
        """
        assert self._pending is not None
        (step, scalars), self._pending = self._pending, None
        values = named(scalars)
        for name in ("loss", "gradient_norm"):
            if not math.isfinite(values[name]):
                raise diverged(self._config, f"{name.replace('_', ' ')} of step {step}", values[name], self._epoch)
        now = time.monotonic()
        seconds, self._clock = now - self._clock, now
        # On a CPU a dispatch may wait for the device, and then the last step was done before its clock started.
        shown, self._before = max(seconds, self._before if last else 0.0), 0.0 if last else seconds
        self._position.epoch_loss += values["loss"]
        self._position.epoch_correct += values["accuracy"]
        self._position.epoch_seconds += seconds
        optim = self._config.optim
        return ev.StepDone(
            step=step, epoch=self._epoch, epochs=optim.epochs, steps_per_epoch=self._per_epoch, loss=values["loss"],
            accuracy=values["accuracy"], learning_rate=self._rates.of(step - 1),
            gradient_norm=values["gradient_norm"], images_per_second=optim.batch_size / max(shown, 1e-9),
        )  # fmt: skip
