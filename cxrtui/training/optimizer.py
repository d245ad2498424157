"""Optax optimizers and learning-rate schedules, as the configuration names them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import optax

from cxrtui.net import freeze
from cxrtui.settings import transfer
from cxrtui.settings.config import Config, OptimConfig


def _promoting(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under JAX's standard dtype promotion, which Optax counts on where it mixes counts and rates."""

    def promoted(*arguments: Any, **named: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return function(*arguments, **named)

    return promoted


def own_rates(config: OptimConfig) -> dict[str, float]:
    """Peak learning rates by part, of the parts that have their own; all above 0."""
    rates = transfer.stage_rates(config.stage_learning_rates)
    return rates | ({"head": config.head_learning_rate} if config.head_learning_rate > 0 else {})


def leading_rate(config: OptimConfig) -> float:
    """The peak that the schedule and the log go by: ``learning_rate``, or the highest of the others where that is 0."""
    return config.learning_rate or max(own_rates(config).values(), default=0.0)


def schedule(config: OptimConfig, total_steps: int) -> optax.Schedule:
    """Learning rate as a function of the step, with warm-up, for the peak `leading_rate`.

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
    return _promoting(curve)


def optimizer(config: OptimConfig, total_steps: int, parts: Sequence[str] = ()) -> optax.GradientTransformation:
    """Clipping, the optimizer, weight decay on kernels alone, the schedule, and the rates of single parts.

    ``adamw`` decays the weights beside the gradient (Loshchilov and Hutter, 2019), ``adam`` and ``sgd`` (Nesterov)
    within it, as is usual for each. A part's own rate (Howard and Ruder, 2018) is the schedule's times a constant, and
    comes last, so that decoupled decay is scaled by it as well.

    Args:
        config: the optimizer as it is set.
        total_steps: of the whole run; the schedule's length.
        parts: where the parameters that train grow in number, those parts (`freeze.part_of`) that train now. Each then
            counts its own Adam steps; by a common count the bias correction would be over for a late one, and its first
            updates up to 3.2 times too large. The clipping's norm and the schedule's count stay common to all.
    """

    def decay(params: Any) -> Any:
        return freeze.mask(params, freeze.decays)

    steps: list[optax.GradientTransformation] = []
    if config.clip > 0:
        steps.append(optax.clip_by_global_norm(config.clip))
    decoupled = config.name == "adamw"
    if config.weight_decay > 0 and not decoupled:
        steps.append(optax.add_decayed_weights(config.weight_decay, decay))
    if config.name == "sgd":
        steps.append(optax.trace(config.momentum, nesterov=True))
    elif parts:
        steps.append(optax.partition({part: optax.scale_by_adam() for part in parts}, _by_part))
    else:
        steps.append(optax.scale_by_adam())
    if config.weight_decay > 0 and decoupled:
        steps.append(optax.add_decayed_weights(config.weight_decay, decay))
    steps.append(optax.scale_by_learning_rate(schedule(config, total_steps)))
    for part, rate in own_rates(config).items():
        steps.append(optax.masked(optax.scale(rate / leading_rate(config)), functools.partial(_is_of, part)))
    chain = optax.chain(*steps)
    return optax.GradientTransformation(_promoting(chain.init), _promoting(chain.update))


def optimizer_at(config: Config, total_steps: int, level: str) -> optax.GradientTransformation:
    """The optimizer of a run while `level` is frozen; without ``model.unfreeze`` it is the same throughout."""
    parts = ("head", *transfer.training(level)) if config.model.unfreeze else ()
    return optimizer(config.optim, total_steps, parts)


def carried(before: optax.OptState, first: optax.OptState) -> optax.OptState:
    """`first`, an optimizer's initial state, with all that was known before: counts, and moments of what trained.

    Args:
        before: the state while fewer parts trained.
        first: the initial state with more.
    """
    known = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(before)}
    return jax.tree_util.tree_map_with_path(lambda path, leaf: known.get(jax.tree_util.keystr(path), leaf), first)


def _by_part(params: Any) -> Any:
    return freeze.mask(params, freeze.part_of)


def _is_of(part: str, params: Any) -> Any:
    return freeze.mask(params, lambda path: freeze.part_of(path) == part)
