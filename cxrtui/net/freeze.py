"""What trains and what does not: a classifier as plain pytrees for a jitted step, and labels for Optax masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from flax import nnx

from cxrtui.net.classifier import Classifier
from cxrtui.net.resnet import GROUPS
from cxrtui.settings.config import FREEZE_LEVELS

__all__ = [
    "FREEZE_LEVELS", "at_level", "decays", "group_of", "is_frozen", "is_head", "mask", "merge", "running_statistics",
    "split",
]  # fmt: skip

Path = tuple[Any, ...]  # ("backbone", "stage1", "blocks", 0, "conv1", "kernel")
Split = tuple["nnx.GraphDef[Classifier]", nnx.State, nnx.State, nnx.State]


def is_head(path: Path) -> bool:
    """Whether a parameter belongs to the head."""
    return bool(path[0] == "head")


def group_of(path: Path) -> str:
    """The group that a parameter belongs to: ``stem``, ``stage1`` to ``stage4`` or ``head``."""
    return "head" if is_head(path) else str(path[1])


def is_frozen(path: Path, freeze: str) -> bool:
    """Whether a parameter stays as it is at this freeze level."""
    return path[0] == "backbone" and GROUPS.index(path[1]) < FREEZE_LEVELS.index(freeze)


def decays(path: Path) -> bool:
    """Whether weight decay applies: to kernels, not to norms and biases, nor to the stem's border kernel."""
    return bool(path[-1] == "kernel")


def mask(state: nnx.State, applies: Callable[[Path], Any]) -> nnx.State:
    """Label every parameter of ``state`` by its path, in a pytree of the same structure, as Optax wants it.

    Example::

        optax.adamw(rate, weight_decay=1e-4, mask=lambda params: mask(params, decays))
        optax.multi_transform({True: head, False: backbone}, lambda params: mask(params, is_head))
    """
    return nnx.map_state(lambda path, variable: variable.replace(applies(path)), state)


def split(network: Classifier) -> Split:
    """Take a classifier apart by its spec's freeze level.

    Returns:
        ``(graphdef, trainable, frozen, statistics)``: a hashable description; the parameters that train, which alone
        get gradients and optimizer state; those that do not; and all running averages, those of frozen layers
        included (a step returns them unchanged).
    """
    level = network.spec.freeze

    def trains(path: Path, value: Any) -> bool:
        return isinstance(value, nnx.Param) and not is_frozen(path, level)

    graphdef, trainable, frozen, statistics = nnx.split(network, trains, nnx.Param, nnx.BatchStat)
    return graphdef, trainable, frozen, statistics


def merge(
    graphdef: nnx.GraphDef[Classifier], trainable: nnx.State, frozen: nnx.State, statistics: nnx.State
) -> Classifier:
    """Put a classifier together again; a call of it in training moves its own statistics, not the ones given."""
    # copied: a variable that is not of this trace cannot be written
    network: Classifier = nnx.merge(graphdef, trainable, frozen, statistics, copy=True)
    return network


def at_level(
    graphdef: nnx.GraphDef[Classifier], trainable: nnx.State, frozen: nnx.State, statistics: nnx.State, level: str
) -> Split:
    """The same network, taken apart by another freeze level; the arrays are the same ones, none is copied."""
    network = merge(graphdef, trainable, frozen, statistics)
    network.spec = dataclasses.replace(network.spec, freeze=level)
    return split(network)


def running_statistics(network: Classifier) -> nnx.State:
    """The running averages, as `split` returns them."""
    return nnx.state(network, nnx.BatchStat)
