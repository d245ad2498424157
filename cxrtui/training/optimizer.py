"""Optax optimizers, as the configuration names them, with their hyperparameters as arguments of the compiled step."""

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
    """Clipping, the optimizer, weight decay on kernels alone, the rate, and the rates of single groups.

    ``adamw`` decays the weights beside the gradient (Loshchilov and Hutter, 2019), ``adam`` and ``sgd`` (Nesterov)
    within it, as is usual for each. A group's own rate (Howard and Ruder, 2018) is the leading one times a constant,
    and comes last, so that decoupled decay is scaled by it as well.

    The structure of the state depends on the name, on `groups` and on what is off, and is the one that older versions
    saved: `optax.scale_by_learning_rate` still counts the steps in it, though the rate comes from `hyper`.

    Args:
        name: ``adam``, ``adamw`` or ``sgd``.
        hyper: the rate of this step and the other values; they may be tracers.
        groups: where the parameters that train grow in number, those groups (`freeze.group_of`) that train now. Each
            then counts its own Adam steps; by a common count the bias correction would be over for a late one, and its
            first updates up to 3.2 times too large. The clipping's norm stays common to all.
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


def counted_groups(config: Config, level: str) -> tuple[str, ...]:
    """The groups that count their own Adam steps while `level` is frozen; none without ``model.unfreeze``."""
    return ("head", *transfer.training(level)) if config.model.unfreeze else ()


def grown(before: optax.OptState, first: optax.OptState) -> optax.OptState:
    """`first`, an optimizer's initial state, with all that was known before: counts, and moments of what trained.

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
