"""Defines the training step: one jitted function from state, batch and hyperparameters to the next state."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from cxrtui.data.augment import augment
from cxrtui.data.loader import Batch
from cxrtui.evaluation.losses import cross_entropy
from cxrtui.net import forms, freeze
from cxrtui.net.cut import Cut
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.net.layers import Dropout
from cxrtui.net.layout import Layout
from cxrtui.net.normalisation import normalising_shares
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise
from cxrtui.net.traced import CompiledFunction, compile_once, link_once
from cxrtui.settings.config import Config
from cxrtui.training.ema import Average, advanced
from cxrtui.training.hyper import Hyper
from cxrtui.training.mixup import mixed, partners, shares
from cxrtui.training.optimizer import counted_groups, optimizer

SCALARS = ("loss", "accuracy", "gradient_norm")
_PROGRAMS: Programs[CompiledFunction] = Programs()


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
        ema: the moving average of `trainable` and `statistics` (`training.ema`); None if it is off.
    """

    step: jax.Array
    trainable: Any
    frozen: Any
    statistics: Any
    optimizer: Any
    ema: Average | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """The number of all parameters, and of those that train."""
        trainable, frozen = (
            sum(int(leaf.size) for leaf in jax.tree.leaves(tree)) for tree in (self.trainable, self.frozen)
        )
        return trainable + frozen, trainable

    @property
    def variables(self) -> dict[str, Any]:
        """The network's three pytrees as the next step changes them."""
        return {"trainable": self.trainable, "frozen": self.frozen, "statistics": self.statistics}

    @property
    def evaluated(self) -> dict[str, Any]:
        """The network's three pytrees as a checkpoint and a `Predictor` take them: the moving average if it is on."""
        return self.variables if self.ema is None else {**self.ema, "frozen": self.frozen}


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
        cut: if batches hold features instead of images: where these were taken (`training.features`).
        table: the forms of the convolutions.
        shares: into how many parts a batch is divided for batch normalisation; see `normalisation.normalise_shares`.
    """

    graphdef: Any
    size: int
    optimizer: str
    groups: tuple[str, ...]
    layout: Layout
    cut: Cut | None = None
    table: Table = ALL_DIRECT
    shares: int = 1

    @classmethod
    def of(
        cls, config: Config, graphdef: Any, freeze_level: str, layout: Layout, cut: Cut | None = None,
        table: Table = ALL_DIRECT,
    ) -> Program:  # fmt: skip
        """Return the program that `config` asks for at `freeze_level`, from images or from the features at `cut`."""
        groups = counted_groups(config, freeze_level)
        shares = layout.count if config.model.batch_norm == "device" else 1
        return cls(graphdef, config.data.size, config.optim.name, groups, layout, cut, table, shares)


def train_step(program: Program, state: TrainState, batch: Batch, hyper: Hyper) -> tuple[TrainState, jax.Array]:
    """Do one optimizer step.

    Args:
        program: everything that is not data.
        state: the compiled step takes over its buffers.
        batch: images uint8 ``[B, S, S]``, or features at the program's cut, and labels int32 ``[B]``.
        hyper: the hyperparameters, with the rates of this step and its neighbours.

    Returns:
        The next state, and the scalars `SCALARS`, float32 ``[3]``; one array takes one transfer. See `named`.
    """
    hyper = hyper.of_step(state.step)
    augment_key, dropout_key = jax.random.split(jax.random.fold_in(hyper.key, state.step))
    start = "none" if program.cut is None else program.cut.name
    images, share = batch.images, None
    if program.cut is None:
        with jax.named_scope("augment"):
            images = normalise(augment(images, augment_key, hyper.augment, program.size))
    if hyper.mixup is not None:
        # Film i draws from fold_in(augment_key, i); the shares draw from what no film of this batch has.
        share = shares(jax.random.fold_in(augment_key, len(images)), hyper.mixup, len(images))
        images = mixed(images, partners(images), share)
    dropout = None if hyper.dropout is None else Dropout(dropout_key, hyper.dropout)

    def objective(trainable: Any) -> tuple[jax.Array, tuple[Any, jax.Array]]:
        network = freeze.merge(program.graphdef, trainable, state.frozen, state.statistics)
        logits = network.decode(images, start, train=True, dropout=dropout)
        losses = cross_entropy(logits, batch.labels, jnp.asarray(hyper.class_weights), hyper.smoothing)
        if share is not None:
            others = cross_entropy(logits, partners(batch.labels), jnp.asarray(hyper.class_weights), hyper.smoothing)
            losses = mixed(losses, others, share)
        return losses.mean(), (freeze.running_statistics(network), logits)

    with forms.using(program.table), normalising_shares(program.shares):
        (loss, (statistics, logits)), gradient = jax.value_and_grad(objective, has_aux=True)(state.trainable)
    transform = optimizer(program.optimizer, hyper, program.groups)
    with jax.named_scope("optimizer"):
        updates, optimizer_state = transform.update(gradient, state.optimizer, state.trainable)
    accuracy = jnp.mean(jnp.argmax(logits, axis=-1) == batch.labels, dtype=jnp.float32)
    scalars = jnp.stack([loss, accuracy, optax.tree.norm(gradient)])
    trainable, average = optax.apply_updates(state.trainable, updates), state.ema
    if average is not None:
        assert hyper.ema_decay is not None
        average = advanced(average, trainable, statistics, hyper.ema_decay, state.step)
    after = TrainState(
        step=state.step + 1,
        trainable=trainable,
        frozen=state.frozen,
        statistics=statistics,
        optimizer=optimizer_state,
        ema=average,
    )
    placed: tuple[TrainState, jax.Array] = jax.lax.with_sharding_constraint((after, scalars), program.layout.state)
    return placed


def named(scalars: jax.Array) -> dict[str, float]:
    """Return the scalars of a step by their names; this waits until the step is done."""
    return dict(zip(SCALARS, map(float, jax.device_get(scalars)), strict=True))


def compile_step(
    program: Program, state: TrainState, hyper: Hyper, *, batch_size: int, stored_size: int
) -> CompiledFunction:
    """Return `train_step`, compiled for this state's shapes and for images of `stored_size` pixels or for features.

    It is a function of state, batch and hyperparameters; its `onward` takes and returns the state as leaves.

    If this process keeps an equal program, it is returned. The arguments are not changed.
    """
    arguments = _arguments(program, state, hyper, batch_size, stored_size)

    def compiled() -> CompiledFunction:
        step = functools.partial(train_step, program)
        return compile_once("train_step", step, arguments, (state, 0), of=program, sharding=program.layout.state,
                            donated=1)  # fmt: skip

    return _PROGRAMS.get((program, kind(state), kind(hyper), batch_size, stored_size), compiled)


def link_step(program: Program, state: TrainState, hyper: Hyper, *, batch_size: int, stored_size: int) -> None:
    """Have what `compile_step` returns for these arguments at hand, if a process has kept it; else do nothing."""
    key = program, kind(state), kind(hyper), batch_size, stored_size
    if key in _PROGRAMS:
        return
    arguments = _arguments(program, state, hyper, batch_size, stored_size)
    found = link_once("train_step", arguments, (state, 0), of=program, donated=1)
    if found is not None:
        _PROGRAMS.get(key, lambda: found)


def _arguments(
    program: Program, state: TrainState, hyper: Hyper, batch_size: int, stored_size: int
) -> tuple[TrainState, Batch, Hyper]:
    """Return the step's arguments, with shapes in place of the batch's arrays."""
    images: Any = program.layout.abstract_batch((batch_size, stored_size, stored_size), np.uint8)
    if program.cut is not None:
        images = program.cut.abstract(batch_size, program.layout.features)
    labels: Any = program.layout.abstract_batch((batch_size,), np.int32)
    return state, Batch(images, labels), hyper
