"""The state that a run begins with: the network's first weights and an optimizer that has not moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from cxrtui.config import Config
from cxrtui.evaluation import network as networks
from cxrtui.net import freeze, shelf
from cxrtui.net.checkpoints import Checkpoints
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.training.step import TrainState


@dataclass(frozen=True)
class Start:
    """A network taken apart, with the state of its first step."""

    graphdef: Any
    state: TrainState
    spec: ClassifierSpec

    @property
    def parameters(self) -> int:
        """Parameters, frozen ones included."""
        return self.trainable + _count(self.state.frozen)

    @property
    def trainable(self) -> int:
        """Parameters that train."""
        return _count(self.state.trainable)


def _count(tree: Any) -> int:
    return sum(int(leaf.size) for leaf in jax.tree.leaves(tree))


def start(config: Config, optimizer: optax.GradientTransformation) -> Start:
    """Weights as ``model.init`` asks for them, and the optimizer's first state.

    Raises:
        WeightsError: there are no such weights, or they do not fit; the message says how to get some.
    """
    spec = networks.spec_of(config)
    place = shelf.locate(config.model.init)
    if place is None:
        network = create(spec, config.run.seed)
    else:
        from cxrtui.net import port

        network = port.load_backbone(create(port.spec_for(place, spec), config.run.seed), place)
    graphdef, trainable, frozen, statistics = freeze.split(network)
    state = TrainState(jnp.zeros((), jnp.int32), trainable, frozen, statistics, optimizer.init(trainable))
    return Start(graphdef, state, network.spec)


def resumed(config: Config, optimizer: optax.GradientTransformation, checkpoints: Checkpoints, step: int) -> Start:
    """The network and its state as they were at a checkpoint; the file of the first weights is not needed again.

    Raises:
        CheckpointError: it is torn, or of another network or optimizer.
    """
    spec = networks.restored_spec(config, checkpoints.progress(step))
    graphdef, trainable, frozen, statistics = networks.abstract(spec)
    weights = checkpoints.weights(step, {"trainable": trainable, "frozen": frozen, "statistics": statistics})
    state = TrainState(
        step=jnp.asarray(step, jnp.int32),
        trainable=weights["trainable"],
        frozen=weights["frozen"],
        statistics=weights["statistics"],
        optimizer=checkpoints.optimizer(step, jax.eval_shape(optimizer.init, trainable)),
    )
    return Start(graphdef, state, spec)
