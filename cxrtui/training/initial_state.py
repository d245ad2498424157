"""Makes the network that a run begins or goes on with, split for the training step."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from cxrtui.errors import CheckpointError
from cxrtui.net import build, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.layout import Layout
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training import ema
from cxrtui.training.hyper import Hyper
from cxrtui.training.optimizer import counted_groups, optimizer
from cxrtui.training.step import TrainState
from cxrtui.weights import restored, shelf
from cxrtui.weights.checkpoints import Checkpoints

if TYPE_CHECKING:
    from cxrtui.weights.backbone import Backbone


@dataclass(frozen=True)
class NetworkState:
    """A network's description, its state before the next step, and its spec, which holds the freeze level.

    The state is kept as its leaves, as the compiled step takes and returns them; `state` is put together when it is
    first read.
    """

    graphdef: Any
    leaves: list[jax.Array]
    structure: Any
    spec: ClassifierSpec

    @classmethod
    def of(cls, graphdef: Any, state: TrainState, spec: ClassifierSpec) -> NetworkState:
        """Return a network with this state."""
        return cls(graphdef, *jax.tree.flatten(state), spec)

    @functools.cached_property
    def state(self) -> TrainState:
        """The state as the pytree that it is; its arrays are gone once a step was done from it."""
        state: TrainState = jax.tree.unflatten(self.structure, self.leaves)
        return state


class Beginning(NamedTuple):
    """What a run begins with: the network's spec and, if it does not begin at random, the backbone of its weights."""

    spec: ClassifierSpec
    backbone: Backbone | None = None


def beginning(config: Config, checkpoints: Checkpoints | None = None, step: int | None = None) -> Beginning:
    """Return what a run begins with or, with a `step`, the spec with which it goes on from that checkpoint.

    Raises:
        WeightsError: there are no weights as ``model.init`` asks for, or they do not fit.
        CheckpointError: the checkpoint is torn.
    """
    if checkpoints is not None and step is not None:
        return Beginning(restored.restored_spec(config, checkpoints.progress(step)))
    spec, place = build.spec_of(config), shelf.locate(config.model.init)
    if place is None:
        return Beginning(spec)
    from cxrtui.weights.backbone import read_backbone

    found = read_backbone(place, spec)
    return Beginning(found.spec, found)


def outline(config: Config, hyper: Hyper, layout: Layout, spec: ClassifierSpec) -> NetworkState:
    """Return what `initial` or `resumed` will return, with shapes in place of arrays; programs are compiled for it."""
    graphdef, trainable, frozen, statistics = build.abstract(spec)
    first = optimizer(config.optim.name, hyper, counted_groups(config, spec.freeze)).init
    average = {"trainable": trainable, "statistics": statistics} if config.optim.ema_decay else None
    step: Any = jax.ShapeDtypeStruct((), jnp.int32)
    state = TrainState(step, trainable, frozen, statistics, jax.eval_shape(first, trainable), average)
    return NetworkState.of(graphdef, layout.abstract_state(state), spec)


def initial(config: Config, hyper: Hyper, layout: Layout, begun: Beginning | None = None) -> NetworkState:
    """Return first weights as ``model.init`` asks for them, and the optimizer's initial state.

    Args:
        config: of the run.
        hyper: the hyperparameters.
        layout: of the devices.
        begun: the result of `beginning`, if it is known already.

    Raises:
        WeightsError: there are no such weights, or they do not fit; the message says how to get some.
    """
    spec, backbone = begun or beginning(config)
    network = create(spec, config.run.seed, backbone=backbone is None)
    if backbone is not None:
        backbone.fill(network)
    graphdef, trainable, frozen, statistics = freeze.split(network)
    first = zeros(optimizer(config.optim.name, hyper, counted_groups(config, network.spec.freeze)), trainable)
    average = ema.started(trainable, statistics) if config.optim.ema_decay else None
    state = TrainState(jnp.zeros((), jnp.int32), trainable, frozen, statistics, first, average)
    return NetworkState.of(graphdef, layout.put_state(state), network.spec)


def zeros(transform: optax.GradientTransformation, trainable: Any) -> optax.OptState:
    """Return the initial state of one of our optimizers, on the host: all counts and moments begin at zero.

    Its own ``init`` makes each of these 328 arrays by a program of its own, which takes a second.
    """
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), jax.eval_shape(transform.init, trainable))


def resumed(config: Config, hyper: Hyper, layout: Layout, checkpoints: Checkpoints, step: int) -> NetworkState:
    """Return the network and its state as they were at a checkpoint; the file of the first weights is not needed.

    If the settings now ask for a moving average and the checkpoint has none, it starts from the checkpoint's weights.

    Raises:
        CheckpointError: it is torn, of another network or optimizer, or of another freeze level than the settings'.
    """
    progress = checkpoints.progress(step)
    spec, graphdef, variables = restored.restored(config, checkpoints, step, progress, layout)
    epoch = max(1, int(progress.get("epoch", 1)))
    if spec.freeze != (asked := transfer.freeze_level_in(epoch, config.model.freeze, config.model.unfreeze)):
        raise CheckpointError(
            f"In epoch {epoch} the checkpoint {checkpoints.folder / str(step)} has model.freeze={spec.freeze}, and the "
            f"run's config.toml now {asked}; put its model.freeze and model.unfreeze back, or start a new run."
        )
    first = optimizer(config.optim.name, hyper, counted_groups(config, spec.freeze)).init
    like: dict[str, Any] = {"optimizer": jax.eval_shape(first, variables["trainable"])}
    averaged = bool(progress.get("ema"))  # the checkpoint's weights are an average; the optimizer goes on from others
    if averaged:
        like |= {"trainable": variables["trainable"], "statistics": variables["statistics"]}
    like = layout.abstract_state(like)
    kept = checkpoints.optimizer(step, like if averaged else like["optimizer"])
    state = TrainState(
        step=layout.put_state(jnp.asarray(step, jnp.int32)),
        trainable=kept["trainable"] if averaged else variables["trainable"],
        frozen=variables["frozen"],
        statistics=kept["statistics"] if averaged else variables["statistics"],
        optimizer=kept["optimizer"] if averaged else kept,
    )
    if config.optim.ema_decay:
        average = {name: variables[name] for name in ("trainable", "statistics")}
        state = replace(state, ema=average if averaged else layout.put_state(ema.started(**average)))
    return NetworkState.of(graphdef, state, spec)
