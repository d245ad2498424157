"""Passes hyperparameters to the compiled training step as arguments, so that another value needs no compilation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import Strengths, scalar
from cxrtui.settings.config import Config
from cxrtui.training.rates import WINDOW, leading_rate, own_rates


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Hyper:
    """The arguments of a step besides the state and the batch. A value of None is off.

    Values that are off belong to the structure of this pytree and so to the compiled program, which then computes
    nothing for them. All other values are data: two configurations that differ only in them run one program.

    Attributes:
        key: a typed PRNG key made of the seed; all randomness of a step follows from it and from the state's `step`.
        rate: the leading learning rates of `WINDOW` steps, float32 ``[WINDOW]``; that of step n is at n modulo
            `WINDOW`. Within a step, its own rate, float32 scalar.
        ratios: of each group that has a rate of its own, its rate divided by the leading one, float32 scalars.
        weight_decay, clip, dropout, smoothing, mixup, ema_decay: float32 scalars or None.
        momentum: of ``sgd``, float32 scalar; None for the other optimizers.
        augment: the strengths of the augmentation.
        class_weights: of the loss, float32 ``[2]``.
    """

    key: jax.Array
    rate: jax.Array | NDArray[np.float32] | np.float32
    ratios: Mapping[str, jax.Array | np.float32]
    weight_decay: jax.Array | np.float32 | None
    clip: jax.Array | np.float32 | None
    momentum: jax.Array | np.float32 | None
    dropout: jax.Array | np.float32 | None
    augment: Strengths
    class_weights: jax.Array | NDArray[np.float32]
    smoothing: jax.Array | np.float32 | None
    mixup: jax.Array | np.float32 | None
    ema_decay: jax.Array | np.float32 | None

    def at(self, rate: jax.Array | NDArray[np.float32] | np.float32) -> Hyper:
        """Return the same hyperparameters with the leading learning rate or rates of other steps."""
        return replace(self, rate=rate)

    def of_step(self, step: jax.Array) -> Hyper:
        """Return the hyperparameters of step `step`, int32 scalar, with its own rate."""
        rates = jnp.asarray(self.rate)
        return self.at(rates[step % WINDOW]) if rates.ndim else self


def hyper_of(config: Config, class_weights: NDArray[np.float32]) -> Hyper:
    """Return the hyperparameters that `config` sets, on the host; the rates are 0 until `Hyper.at` sets them.

    Args:
        config: the sections augment, model (dropout), optim and run (seed) are read.
        class_weights: of the loss, float32 ``[2]``.
    """
    optim, leading = config.optim, leading_rate(config.optim)
    return Hyper(
        key=jax.random.key(config.run.seed),
        rate=np.zeros(WINDOW, np.float32),
        ratios={group: np.float32(rate / leading) for group, rate in own_rates(optim).items()},
        weight_decay=scalar(optim.weight_decay),
        clip=scalar(optim.clip),
        momentum=np.float32(optim.momentum) if optim.name == "sgd" else None,
        dropout=scalar(config.model.dropout),
        augment=Strengths.of(config.augment),
        class_weights=class_weights,
        smoothing=scalar(optim.label_smoothing),
        mixup=scalar(config.augment.mixup),
        ema_decay=scalar(optim.ema_decay),
    )
