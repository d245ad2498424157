"""The training step: one jitted function from state and films to state and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from cxrtui.data.augment import augment
from cxrtui.net import freeze
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise
from cxrtui.settings.config import Config
from cxrtui.training.losses import cross_entropy
from cxrtui.training.optimizer import optimizer_at

StepFunction = Callable[["TrainState", jax.Array, jax.Array], tuple["TrainState", dict[str, jax.Array]]]
_PROGRAMS: Programs[StepFunction] = Programs()


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """All that a step changes, as one pytree; everything random in a step is a function of seed and `step`.

    Attributes:
        step: int32 scalar, optimizer steps done.
        trainable: parameters that train.
        frozen: parameters that do not.
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
        """Parameters in all, and those of them that train."""
        trainable, frozen = (
            sum(int(leaf.size) for leaf in jax.tree.leaves(tree)) for tree in (self.trainable, self.frozen)
        )
        return trainable + frozen, trainable

    @property
    def weights(self) -> dict[str, Any]:
        """The network's three pytrees, as a checkpoint and a `Predictor` take them."""
        return {"trainable": self.trainable, "frozen": self.frozen, "statistics": self.statistics}


def make_step(
    graphdef: Any, config: Config, optimizer: optax.GradientTransformation, weights: NDArray[np.float32]
) -> StepFunction:
    """The step for one network and configuration, to be jitted with its first argument donated.

    Args:
        graphdef: the network's description, from `freeze.split`.
        config: the sections augment, data (size), optim and run (seed) are read.
        optimizer: its state is in the `TrainState`.
        weights: class weights, float32 ``[2]``.

    Returns:
        ``step(state, images uint8 [B, S, S], labels int32 [B])`` to the next state and the scalars loss, accuracy and
        gradient_norm, float32.
    """

    def step(state: TrainState, images: jax.Array, labels: jax.Array) -> tuple[TrainState, dict[str, jax.Array]]:
        key = jax.random.fold_in(jax.random.key(config.run.seed), state.step)
        augment_key, dropout_key = jax.random.split(key)
        films = normalise(augment(images, augment_key, config.augment, config.data.size))

        def objective(trainable: Any) -> tuple[jax.Array, tuple[Any, jax.Array]]:
            network = freeze.merge(graphdef, trainable, state.frozen, state.statistics)
            logits = network(films, train=True, dropout_key=dropout_key)
            losses = cross_entropy(logits, labels, jnp.asarray(weights), config.optim.label_smoothing)
            return losses.mean(), (freeze.running_statistics(network), logits)

        (loss, (statistics, logits)), gradient = jax.value_and_grad(objective, has_aux=True)(state.trainable)
        updates, optimizer_state = optimizer.update(gradient, state.optimizer, state.trainable)
        scalars = {
            "loss": loss,
            "accuracy": jnp.mean(jnp.argmax(logits, axis=-1) == labels, dtype=jnp.float32),
            "gradient_norm": optax.tree.norm(gradient),
        }
        after = TrainState(
            step=state.step + 1,
            trainable=optax.apply_updates(state.trainable, updates),
            frozen=state.frozen,
            statistics=statistics,
            optimizer=optimizer_state,
        )
        return after, scalars

    return step


def compile_step(
    graphdef: Any, config: Config, total_steps: int, level: str, weights: NDArray[np.float32], state: TrainState,
    side: int,
) -> StepFunction:  # fmt: skip
    """`make_step`, compiled for this state and for films stored with `side` pixels; it takes no others.

    Args:
        graphdef: as for `make_step`.
        config: as for `make_step`; of the section model, what the optimizer depends on (`optimizer_at`) is read too.
        total_steps: of the whole run.
        level: what is frozen (model.freeze, model.unfreeze).
        weights: as for `make_step`.
        state: the one to begin with; nothing is done with it.
        side: pixels.
    """
    images = jax.ShapeDtypeStruct((config.optim.batch_size, side, side), np.uint8)
    labels = jax.ShapeDtypeStruct((config.optim.batch_size,), np.int32)

    def compiled() -> StepFunction:
        step = make_step(graphdef, config, optimizer_at(config, total_steps, level), weights)
        program: StepFunction = jax.jit(step, donate_argnums=0).lower(state, images, labels).compile()
        return program

    read = (config.augment, config.data.size, config.optim, config.run.seed, bool(config.model.unfreeze))
    return _PROGRAMS.get((graphdef, read, total_steps, level, weights.tobytes(), kind(state), side), compiled)
