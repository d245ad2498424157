"""Where arrays live: one mesh of devices, and how state, batches and features are spread over it.

Whoever puts an array on a device or compiles a program takes a `Layout`, so that several devices are another value of
it and not another code path. A program without explicit communication stays right on any mesh: XLA sums over the whole
batch, wherever its parts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

AXIS = "batch"


@dataclass(frozen=True)
class Layout:
    """A mesh with one axis, over which batches are divided. It is hashable, as an argument of `jax.jit` must be."""

    mesh: Mesh

    @classmethod
    def over(cls, devices: Sequence[jax.Device] = ()) -> Layout:
        """The layout over `devices`; without any, over the first one that this process has."""
        chosen = np.asarray([*devices] or jax.local_devices()[:1])
        return cls(Mesh(chosen, (AXIS,), axis_types=(AxisType.Auto,)))

    @property
    def state(self) -> NamedSharding:
        """Of parameters, statistics, optimizer state and hyperparameters: whole on every device."""
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def batch(self) -> NamedSharding:
        """Of images and labels: divided along their first axis, whose length the number of devices must divide."""
        return NamedSharding(self.mesh, PartitionSpec(AXIS))

    @property
    def features(self) -> NamedSharding:
        """Of what a layer puts out: divided as the batch that it was made of."""
        return self.batch

    def put_state(self, tree: Any) -> Any:
        """A pytree of arrays as `state` spreads it; an array that lies there already is not copied."""
        return jax.device_put(tree, self.state)

    def put_batch(self, tree: Any) -> Any:
        """A pytree of arrays as `batch` spreads it."""
        return jax.device_put(tree, self.batch)

    def abstract_state(self, tree: Any) -> Any:
        """Shapes, dtypes and place of a pytree of arrays or shapes: what a restore is told to fill."""
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=self.state), tree)

    def abstract_batch(self, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        """An array of a batch before there is one: what a program is compiled for."""
        return jax.ShapeDtypeStruct(shape, dtype, sharding=self.batch)
