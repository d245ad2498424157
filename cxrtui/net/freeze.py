"""Splits a classifier into pytrees for a jitted step, by what trains and what is frozen, and labels Optax masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from flax import nnx

from cxrtui.net.classifier import Classifier
from cxrtui.net.resnet import GROUPS
from cxrtui.settings.config import FREEZE_LEVELS

__all__ = [
    "FREEZE_LEVELS", "at_freeze_level", "decays", "group_of", "is_frozen", "is_head", "mask", "merge",
    "running_statistics", "split",
]  # fmt: skip

Path = tuple[Any, ...]  # ("backbone", "stage1", "blocks", 0, "conv1", "kernel")
Split = tuple["nnx.GraphDef[Classifier]", nnx.State, nnx.State, nnx.State]


def is_head(path: Path) -> bool:
    """Return whether a parameter belongs to the head."""
    return bool(path[0] == "head")


def group_of(path: Path) -> str:
    """Return the group that a parameter belongs to: ``stem``, ``stage1`` to ``stage4`` or ``head``."""
    return "head" if is_head(path) else str(path[1])


def is_frozen(path: Path, freeze: str) -> bool:
    """Return whether training leaves a parameter unchanged at this freeze level."""
    return path[0] == "backbone" and GROUPS.index(path[1]) < FREEZE_LEVELS.index(freeze)


def decays(path: Path) -> bool:
    """Return whether weight decay applies: to kernels it does, to norms, biases and the stem's border kernel not."""
    return bool(path[-1] == "kernel")


def mask(state: nnx.State, applies: Callable[[Path], Any]) -> nnx.State:
    """Label every parameter of ``state`` by its path, in a pytree of the same structure, as Optax wants it.

    Example::

        optax.adamw(rate, weight_decay=1e-4, mask=lambda params: mask(params, decays))
        optax.multi_transform({True: head, False: backbone}, lambda params: mask(params, is_head))
    """
    return nnx.map_state(lambda path, variable: variable.replace(applies(path)), state)


def split(network: Classifier) -> Split:
    """Split a classifier by its spec's freeze level.

    Returns:
        ``(graphdef, trainable, frozen, statistics)``: a hashable description; the parameters that train, which alone
        get gradients and optimizer state; the frozen parameters; and all running averages, also those of frozen
        layers (a step returns them unchanged).
    """
    freeze_level = network.spec.freeze

    def trains(path: Path, value: Any) -> bool:
        return isinstance(value, nnx.Param) and not is_frozen(path, freeze_level)

    graphdef, trainable, frozen, statistics = nnx.split(network, trains, nnx.Param, nnx.BatchStat)
    return graphdef, trainable, frozen, statistics


def merge(
    graphdef: nnx.GraphDef[Classifier], trainable: nnx.State, frozen: nnx.State, statistics: nnx.State
) -> Classifier:
    """Merge a split classifier; a call of it in training updates its own statistics, not the ones that were given."""
    # The variables are copied, because one that another trace made cannot be written.
    network: Classifier = nnx.merge(graphdef, trainable, frozen, statistics, copy=True)
    return network


def at_freeze_level(
    graphdef: nnx.GraphDef[Classifier],
    trainable: nnx.State,
    frozen: nnx.State,
    statistics: nnx.State,
    freeze_level: str,
) -> Split:
    """Return the same network, split by another freeze level; no array is copied."""
    network = merge(graphdef, trainable, frozen, statistics)
    network.spec = dataclasses.replace(network.spec, freeze=freeze_level)
    return split(network)


def running_statistics(network: Classifier) -> nnx.State:
    """Return the running averages, as `split` returns them."""
    return nnx.state(network, nnx.BatchStat)
