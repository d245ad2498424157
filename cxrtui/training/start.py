"""The state that a run begins with: the network's first weights and an optimizer that has not moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from cxrtui.errors import CheckpointError
from cxrtui.net import build, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.optimizer import optimizer_at
from cxrtui.training.step import TrainState
from cxrtui.weights import restored, shelf
from cxrtui.weights.checkpoints import Checkpoints


@dataclass(frozen=True)
class Start:
    """A network taken apart, with the state of its first step."""

    graphdef: Any
    state: TrainState
    spec: ClassifierSpec


def start(config: Config, total_steps: int) -> Start:
    """Weights as ``model.init`` asks for them, and the optimizer's first state.

    Raises:
        WeightsError: there are no such weights, or they do not fit; the message says how to get some.
    """
    spec = build.spec_of(config)
    place = shelf.locate(config.model.init)
    if place is None:
        network = create(spec, config.run.seed)
    else:
        from cxrtui.weights import backbone

        network = backbone.load_backbone(create(backbone.spec_for(place, spec), config.run.seed), place)
    graphdef, trainable, frozen, statistics = freeze.split(network)
    optimizer = optimizer_at(config, total_steps, network.spec.freeze)
    state = TrainState(jnp.zeros((), jnp.int32), trainable, frozen, statistics, optimizer.init(trainable))
    return Start(graphdef, state, network.spec)


def resumed(config: Config, total_steps: int, checkpoints: Checkpoints, step: int) -> Start:
    """The network and its state as they were at a checkpoint; the file of the first weights is not needed again.

    Raises:
        CheckpointError: it is torn, or of another network or optimizer, or froze what the settings now do not.
    """
    progress = checkpoints.progress(step)
    spec, graphdef, weights = restored.restored(config, checkpoints, step, progress)
    epoch = max(1, int(progress.get("epoch", 1)))
    if spec.freeze != (level := transfer.level_in(epoch, config.model.freeze, config.model.unfreeze)):
        raise CheckpointError(
            f"In epoch {epoch} the checkpoint {checkpoints.folder / str(step)} has model.freeze={spec.freeze}, and the "
            f"run's config.toml now {level}; put its model.freeze and model.unfreeze back, or start a new run."
        )
    optimizer = optimizer_at(config, total_steps, spec.freeze)
    state = TrainState(
        step=jnp.asarray(step, jnp.int32),
        trainable=weights["trainable"],
        frozen=weights["frozen"],
        statistics=weights["statistics"],
        optimizer=checkpoints.optimizer(step, jax.eval_shape(optimizer.init, weights["trainable"])),
    )
    return Start(graphdef, state, spec)
