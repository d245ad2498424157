"""Optax optimizers and learning-rate schedules, as the configuration names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax

from cxrtui.config import OptimConfig
from cxrtui.net import freeze


def _promoting(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under JAX's standard dtype promotion, which Optax counts on where it mixes counts and rates."""

    def promoted(*arguments: Any, **named: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return function(*arguments, **named)

    return promoted


def schedule(config: OptimConfig, total_steps: int) -> optax.Schedule:
    """Learning rate as a function of the step, with warm-up.

    ``constant`` and ``cosine`` rise linearly from 0 over the warm-up; ``onecycle`` rises and falls along cosines from
    1/25 of the peak and to 1/10,000 of that (Smith and Topin, 2018; the factors are those of fast.ai and PyTorch).
    """
    peak, warmup = config.learning_rate, round(config.warmup * total_steps)
    if config.schedule == "onecycle":
        total = max(total_steps, 2)
        rises = min(max(config.warmup, 1 / total), 0.9)
        curve = optax.cosine_onecycle_schedule(total, peak, pct_start=rises, div_factor=25.0, final_div_factor=1e4)
    elif config.schedule == "cosine":
        curve = optax.warmup_cosine_decay_schedule(0.0 if warmup else peak, peak, warmup, max(total_steps, warmup + 1))
    else:
        rise = optax.linear_schedule(0.0, peak, max(warmup, 1))
        curve = optax.join_schedules([rise, optax.constant_schedule(peak)], [warmup])
    return _promoting(curve)


def optimizer(config: OptimConfig, total_steps: int) -> optax.GradientTransformation:
    """Clipping, the optimizer, weight decay on kernels alone, the schedule, and the head's own rate.

    ``adamw`` decays the weights beside the gradient (Loshchilov and Hutter, 2019), ``adam`` and ``sgd`` (Nesterov)
    within it, as is usual for each.
    """

    def decay(params: Any) -> Any:
        return freeze.mask(params, freeze.decays)

    steps: list[optax.GradientTransformation] = []
    if config.clip > 0:
        steps.append(optax.clip_by_global_norm(config.clip))
    decoupled = config.name == "adamw"
    if config.weight_decay > 0 and not decoupled:
        steps.append(optax.add_decayed_weights(config.weight_decay, decay))
    steps.append(optax.trace(config.momentum, nesterov=True) if config.name == "sgd" else optax.scale_by_adam())
    if config.weight_decay > 0 and decoupled:
        steps.append(optax.add_decayed_weights(config.weight_decay, decay))
    steps.append(optax.scale_by_learning_rate(schedule(config, total_steps)))
    if config.head_learning_rate > 0 and config.learning_rate > 0:
        ratio = config.head_learning_rate / config.learning_rate
        steps.append(optax.masked(optax.scale(ratio), lambda params: freeze.mask(params, freeze.is_head)))
    chain = optax.chain(*steps)
    return optax.GradientTransformation(_promoting(chain.init), _promoting(chain.update))
