"""Defines the training step: one jitted function from state, batch and hyperparameters to the next state."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from cxrtui.data.augment import augment
from cxrtui.data.loader import Batch
from cxrtui.evaluation.losses import cross_entropy
from cxrtui.net import freeze
from cxrtui.net.layers import Dropout
from cxrtui.net.layout import Layout
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise
from cxrtui.settings.config import Config
from cxrtui.training.hyper import Hyper
from cxrtui.training.optimizer import counted_groups, optimizer

Scalars = dict[str, jax.Array]
StepFunction = Callable[["TrainState", Batch, Hyper], tuple["TrainState", Scalars]]
_PROGRAMS: Programs[StepFunction] = Programs()


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """Everything that a step changes, as one pytree; all randomness of a step follows from the seed and `step`.

    Attributes:
        step: int32 scalar, optimizer steps done.
        trainable: parameters that train.
        frozen: parameters that do not train.
        statistics: BatchNorm's running averages.
        optimizer: Optax's state, for `trainable` alone.
    """

    step: jax.Array
    trainable: Any
    frozen: Any
    statistics: Any
    optimizer: Any

    @property
    def counts(self) -> tuple[int, int]:
        """The number of all parameters, and of those that train."""
        trainable, frozen = (
            sum(int(leaf.size) for leaf in jax.tree.leaves(tree)) for tree in (self.trainable, self.frozen)
        )
        return trainable + frozen, trainable

    @property
    def variables(self) -> dict[str, Any]:
        """The network's three pytrees, as a checkpoint and a `Predictor` take them."""
        return {"trainable": self.trainable, "frozen": self.frozen, "statistics": self.statistics}


@dataclass(frozen=True)
class Program:
    """Everything that a compiled step depends on, besides the shapes of its arguments and the values off in `Hyper`.

    Equal programs are compiled once in a process that keeps them, and once for all processes with one cache on disk.

    Attributes:
        graphdef: the network's description, from `freeze.split`; it holds the freeze level.
        size: of the network's input, pixels.
        optimizer: ``adam``, ``adamw`` or ``sgd``.
        groups: see `optimizer.counted_groups`.
        layout: of the devices.
    """

    graphdef: Any
    size: int
    optimizer: str
    groups: tuple[str, ...]
    layout: Layout

    @classmethod
    def of(cls, config: Config, graphdef: Any, freeze_level: str, layout: Layout) -> Program:
        """Return the program that `config` asks for at `freeze_level`."""
        return cls(graphdef, config.data.size, config.optim.name, counted_groups(config, freeze_level), layout)


def train_step(program: Program, state: TrainState, batch: Batch, hyper: Hyper) -> tuple[TrainState, Scalars]:
    """Do one optimizer step.

    Args:
        program: everything that is not data.
        state: the compiled step takes over its buffers.
        batch: images uint8 ``[B, S, S]`` and labels int32 ``[B]``.
        hyper: the hyperparameters, with this step's learning rate.

    Returns:
        The next state, and the scalars loss, accuracy and gradient_norm, float32.
    """
    augment_key, dropout_key = jax.random.split(jax.random.fold_in(hyper.key, state.step))
    images = normalise(augment(batch.images, augment_key, hyper.augment, program.size))
    dropout = None if hyper.dropout is None else Dropout(dropout_key, hyper.dropout)

    def objective(trainable: Any) -> tuple[jax.Array, tuple[Any, jax.Array]]:
        network = freeze.merge(program.graphdef, trainable, state.frozen, state.statistics)
        logits = network(images, train=True, dropout=dropout)
        losses = cross_entropy(logits, batch.labels, jnp.asarray(hyper.class_weights), hyper.smoothing)
        return losses.mean(), (freeze.running_statistics(network), logits)

    (loss, (statistics, logits)), gradient = jax.value_and_grad(objective, has_aux=True)(state.trainable)
    transform = optimizer(program.optimizer, hyper, program.groups)
    updates, optimizer_state = transform.update(gradient, state.optimizer, state.trainable)
    scalars = {
        "loss": loss,
        "accuracy": jnp.mean(jnp.argmax(logits, axis=-1) == batch.labels, dtype=jnp.float32),
        "gradient_norm": optax.tree.norm(gradient),
    }
    after = TrainState(
        step=state.step + 1,
        trainable=optax.apply_updates(state.trainable, updates),
        frozen=state.frozen,
        statistics=statistics,
        optimizer=optimizer_state,
    )
    placed: tuple[TrainState, Scalars] = jax.lax.with_sharding_constraint((after, scalars), program.layout.state)
    return placed


def compile_step(
    program: Program, state: TrainState, hyper: Hyper, *, batch_size: int, stored_size: int
) -> StepFunction:
    """Return `train_step`, compiled for the shapes of this state and for images of `stored_size` pixels.

    If this process keeps an equal program, it is returned. The arguments are not changed.
    """
    images: Any = program.layout.abstract_batch((batch_size, stored_size, stored_size), np.uint8)
    labels: Any = program.layout.abstract_batch((batch_size,), np.int32)

    def compiled() -> StepFunction:
        step = jax.jit(functools.partial(train_step, program), donate_argnums=0)
        ready: StepFunction = step.lower(state, Batch(images, labels), hyper).compile()
        return ready

    return _PROGRAMS.get((program, kind(state), kind(hyper), batch_size, stored_size), compiled)
