"""Computes learning rates: the schedule over a run, and the rates of groups that have their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from numpy.typing import NDArray

from cxrtui.net.traced import compile_once
from cxrtui.settings.config import OptimConfig


def promoting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run `function` under JAX's standard dtype promotion, which Optax needs when it mixes counts and rates."""

    def promoted(*arguments: Any, **named: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return function(*arguments, **named)

    return promoted


def own_rates(config: OptimConfig) -> dict[str, float]:
    """Return the peak learning rates, above 0, of the groups that have their own."""
    rates = dict(config.stage_learning_rates)
    return rates | ({"head": config.head_learning_rate} if config.head_learning_rate > 0 else {})


def leading_rate(config: OptimConfig) -> float:
    """Return the peak of the schedule and the log: ``learning_rate`` or, if that is 0, the highest of the others."""
    return config.learning_rate or max(own_rates(config).values(), default=0.0)


def schedule(config: OptimConfig, total_steps: int) -> optax.Schedule:
    """Return the learning rate as a function of the step, with warm-up, for the peak `leading_rate`.

    ``constant`` and ``cosine`` rise linearly from 0 over the warm-up; ``onecycle`` rises and falls along cosines from
    1/25 of the peak and to 1/10,000 of that (Smith and Topin, 2018; the factors are those of fast.ai and PyTorch).
    """
    peak, warmup = leading_rate(config), round(config.warmup * total_steps)
    if config.schedule == "onecycle":
        total = max(total_steps, 2)
        rises = min(max(config.warmup, 1 / total), 0.9)
        curve = optax.cosine_onecycle_schedule(total, peak, pct_start=rises, div_factor=25.0, final_div_factor=1e4)
    elif config.schedule == "cosine":
        curve = optax.warmup_cosine_decay_schedule(0.0 if warmup else peak, peak, warmup, max(total_steps, warmup + 1))
    else:
        rise = optax.linear_schedule(0.0, peak, max(warmup, 1))
        curve = optax.join_schedules([rise, optax.constant_schedule(peak)], [warmup])
    return promoting(curve)


WINDOW = 256
"""Steps whose rates go to the device together, because a transfer for each step would take longer than some steps."""


class Rates:
    """The leading learning rate of every step of a run.

    The schedule is compiled as a small program of its own. Evaluated operation by operation, it would differ in the
    last bits from that of older versions, which computed it inside the compiled step.
    """

    def __init__(self, config: OptimConfig, total_steps: int) -> None:
        self._rates: Callable[..., Any]
        rates = jax.vmap(schedule(config, total_steps))
        if jax.default_backend() == "cpu":
            self._rates = compile_once("rates", rates, (_steps(0),), 0, of=(config, total_steps), sharding=None)
        else:
            self._rates = jax.jit(rates)
        self._where = _host()
        self._number, self._window = -1, np.zeros(0, np.float32)

    def window(self, step: int) -> NDArray[np.float32]:
        """Return the rates of the `WINDOW` steps among which `step` is, float32 ``[WINDOW]``; see `Hyper.rate`."""
        number = step // WINDOW
        if number != self._number:
            with jax.default_device(self._where):
                self._number, self._window = number, np.asarray(self._rates(_steps(number)))
        return self._window

    def of(self, step: int) -> float:
        """Return the rate of `step`, counted from 0."""
        return float(self.window(step)[step % WINDOW])


def _steps(number: int) -> NDArray[np.int32]:
    """Return the steps of a window."""
    return np.arange(number * WINDOW, (number + 1) * WINDOW, dtype=np.int32)


def _host() -> jax.Device | None:
    """Return the CPU, on which nothing waits for the steps that a GPU still has to do; None if JAX may not use it."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None
