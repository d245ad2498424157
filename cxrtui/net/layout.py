"""Decides where arrays are: a mesh of devices, and how state, batches and features are distributed over it.

Code that puts an array on a device or compiles a program takes a `Layout`, so that several devices need no code of
their own. A program without explicit communication is right on any mesh, because XLA sums over the whole batch,
wherever its shards are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from cxrtui.errors import ConfigError

AXIS = "batch"


@dataclass(frozen=True)
class Layout:
    """A mesh with one axis, over which batches are divided. It is hashable, as an argument of `jax.jit` must be."""

    mesh: Mesh

    @classmethod
    def over(cls, devices: Sequence[jax.Device] = ()) -> Layout:
        """Return the layout over `devices`; without any, over the first one of this process."""
        chosen = np.asarray([*devices] or jax.local_devices()[:1])
        return cls(Mesh(chosen, (AXIS,), axis_types=(AxisType.Auto,)))

    def check_batch(self, size: int, name: str) -> None:
        """Check that batches of `size` films can be divided among the devices; `name` is what the user or caller sets.

        Raises:
            ConfigError: they cannot; the message names the nearest sizes that can.
        """
        count = self.mesh.size
        if size % count:
            below, above = size - size % count, size - size % count + count
            nearest = f"{below} or {above}" if below else f"{above}"
            raise ConfigError(
                f"{name} is {size}, and {size} films cannot be divided equally among {count} devices; set it to "
                f"{nearest}, or use another number of devices."
            )

    @property
    def state(self) -> NamedSharding:
        """The sharding of parameters, statistics, optimizer state and hyperparameters: whole on every device."""
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def batch(self) -> NamedSharding:
        """The sharding of images and labels: along the first axis; see `check_batch` for its length."""
        return NamedSharding(self.mesh, PartitionSpec(AXIS))

    @property
    def features(self) -> NamedSharding:
        """The sharding of features: the same as of the batch that they are computed from."""
        return self.batch

    def put_state(self, tree: Any) -> Any:
        """Put a pytree of arrays on the devices as `state` says; an array that is there already is not copied."""
        return jax.device_put(tree, self.state)

    def put_batch(self, tree: Any) -> Any:
        """Put a pytree of arrays on the devices as `batch` says."""
        return jax.device_put(tree, self.batch)

    def abstract_state(self, tree: Any) -> Any:
        """Return shapes, dtypes and sharding of a pytree of arrays or shapes, as a restore needs them."""
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=self.state), tree)

    def abstract_batch(self, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        """Return the shape, dtype and sharding of a batch's array, for which a program is compiled."""
        return jax.ShapeDtypeStruct(shape, dtype, sharding=self.batch)
