"""Keeps an exponential moving average (EMA) of a network's weights, which validation, test and export then use.

The weights of single steps scatter around a minimum, and their average lies nearer to its middle (Polyak and Juditsky,
1992; Tarvainen and Valpola, 2017, arXiv:1703.01780). BatchNorm's running averages are averaged in the same way, so that
both belong together.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cxrtui.net import hosts

Average = dict[str, Any]  # {"trainable", "statistics"}: pytrees as in the state of a step


def started(trainable: Any, statistics: Any) -> Average:
    """Return the average of one set of weights, in buffers of its own, because a step takes over those of its state."""
    average = {"trainable": trainable, "statistics": statistics}
    if hosts.several():  # `jax.device_put` refuses arrays of several processes
        return {name: jax.tree.map(lambda leaf: leaf.copy(), tree) for name, tree in average.items()}
    # `jnp.copy` would compile a program for each shape.
    copied: Average = jax.device_put(average, may_alias=False)
    return copied


def advanced(
    before: Average, trainable: Any, statistics: Any, decay: jax.Array | np.float32, step: jax.Array
) -> Average:
    """Return the average after one more step.

    The decay of a step is the smaller of `decay` and ``(1 + step) / (10 + step)``, as in TensorFlow's
    ``ExponentialMovingAverage``: the random weights of the beginning are forgotten soon.

    Args:
        before: the average before the step.
        trainable: the weights after it.
        statistics: BatchNorm's running averages after it.
        decay: float32 scalar below 1.
        step: int32 scalar, number of steps that were done before it.
    """
    count = step.astype(jnp.float32)
    share = 1.0 - jnp.minimum(jnp.float32(decay), (1.0 + count) / (10.0 + count))
    after: Average = jax.tree.map(
        lambda old, new: old + share * (new - old), before, {"trainable": trainable, "statistics": statistics}
    )
    return after
