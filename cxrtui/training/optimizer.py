"""Makes the Optax optimizers of the configuration, with hyperparameters that are arguments of the compiled step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import optax

from cxrtui.net import freeze
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.hyper import Hyper
from cxrtui.training.rates import promoting


def optimizer(name: str, hyper: Hyper, groups: Sequence[str] = ()) -> optax.GradientTransformation:
    """Chain clipping, the optimizer, weight decay of kernels only, the rate, and the rates of single groups.

    ``adamw`` applies weight decay beside the gradient (Loshchilov and Hutter, 2019), ``adam`` and ``sgd`` (Nesterov)
    within it, as is usual for each. A group's own rate (Howard and Ruder, 2018) is the leading one times a constant.
    It is applied last, so that it scales decoupled decay too.

    The structure of the state depends on the name, on `groups` and on the values that are off. It is the one that older
    versions saved: `optax.scale_by_learning_rate` still counts the steps in it, though the rate comes from `hyper`.

    Args:
        name: ``adam``, ``adamw`` or ``sgd``.
        hyper: the rate of this step and the other values; they may be tracers.
        groups: with gradual unfreezing, the groups (`freeze.group_of`) that train now. Each counts its own Adam steps;
            with a common count, the bias correction of a late group would be over, and its first updates would be up
            to 3.2 times too large. The clipping uses one norm over all groups.
    """

    def kernels(params: Any) -> Any:
        return freeze.mask(params, freeze.decays)

    steps: list[optax.GradientTransformation] = []
    if hyper.clip is not None:
        steps.append(optax.clip_by_global_norm(hyper.clip))
    decay = None if hyper.weight_decay is None else optax.add_decayed_weights(hyper.weight_decay, kernels)
    if decay is not None and name != "adamw":
        steps.append(decay)
    if name == "sgd":
        assert hyper.momentum is not None
        steps.append(optax.trace(hyper.momentum, nesterov=True))
    elif groups:
        steps.append(optax.partition({group: optax.scale_by_adam() for group in groups}, _by_group))
    else:
        steps.append(optax.scale_by_adam())
    if decay is not None and name == "adamw":
        steps.append(decay)
    steps.append(optax.scale_by_learning_rate(lambda count: hyper.rate))
    for group, ratio in hyper.ratios.items():
        steps.append(optax.masked(optax.scale(ratio), functools.partial(_is_of, group)))
    chain = optax.chain(*steps)
    return optax.GradientTransformation(promoting(chain.init), promoting(chain.update))


def counted_groups(config: Config, freeze_level: str) -> tuple[str, ...]:
    """Return the groups that count their own Adam steps at `freeze_level`; none without ``model.unfreeze``."""
    return ("head", *transfer.training(freeze_level)) if config.model.unfreeze else ()


def grown(before: optax.OptState, first: optax.OptState) -> optax.OptState:
    """Return `first`, an optimizer's initial state, with the counts and moments that `before` already has.

    Args:
        before: the state while fewer groups trained.
        first: the initial state with more.
    """
    known = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(before)}
    return jax.tree_util.tree_map_with_path(lambda path, leaf: known.get(jax.tree_util.keystr(path), leaf), first)


def _by_group(params: Any) -> Any:
    return freeze.mask(params, freeze.group_of)


def _is_of(group: str, params: Any) -> Any:
    return freeze.mask(params, lambda path: freeze.group_of(path) == group)
