"""Decides where arrays are: a mesh of devices, and how state, batches and features are distributed over it.

Code that puts an array on a device or compiles a program takes a `Layout`, so that several devices need no code of
their own. A program without explicit communication is right on any mesh, because XLA sums over the whole batch,
wherever its shards are. The devices may be those of several processes, which then all call the same functions in the
same order.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from cxrtui.errors import ConfigError
from cxrtui.settings.sharing import check_shares, most_devices

AXIS = "data"


@dataclass(frozen=True)
class Layout:
    """A mesh with one axis, over which batches are divided. It is hashable, as an argument of `jax.jit` must be."""

    mesh: Mesh

    @classmethod
    def over(cls, devices: Sequence[jax.Device] = ()) -> Layout:
        """Return the layout over `devices`; without any, over the first one of this process."""
        chosen = np.asarray([*devices] or jax.local_devices()[:1])
        return cls(Mesh(chosen, (AXIS,), axis_types=(AxisType.Auto,)))

    @classmethod
    def choose(cls, asked: int, size: int = 0, name: str = "optim.batch_size") -> Layout:
        """Return the layout over `asked` devices of each process, or with 0 over as many as can share the batches.

        Args:
            asked: as the setting ``run.devices``.
            size: films in each batch of all devices together; 0 if it will follow the number of devices.
            name: of the size, in messages.

        Raises:
            ConfigError: there are fewer devices, or they cannot share a batch equally.
        """
        each = [list(own) for _, own in groupby(jax.devices(), key=lambda device: device.process_index)]
        fewest = min(map(len, each))  # hosts that differ take equally many
        if asked > fewest:
            where = "here" if len(each) == 1 else f"on host {[*map(len, each)].index(fewest)}"
            raise ConfigError(f"{asked} devices are asked for, and JAX finds {fewest} {where}; set --devices or "
                              f"run.devices to {fewest} or fewer, or to all.")  # fmt: skip
        check_shares(size, asked or 1, name, len(each))
        count = asked or most_devices(size // len(each), fewest)
        return cls.over([device for own in each for device in own[:count]])

    def check_batch(self, size: int, name: str) -> None:
        """Check that batches of `size` films can be divided among the devices; `name` is what the user or caller sets.

        Raises:
            ConfigError: they cannot; the message names the nearest sizes and numbers of devices that can.
        """
        check_shares(size, self.count // self.hosts, name, self.hosts)

    @functools.cached_property
    def count(self) -> int:
        """The number of devices, of all processes."""
        return int(self.mesh.size)

    @functools.cached_property
    def hosts(self) -> int:
        """The number of processes that have the devices, each equally many."""
        return len({device.process_index for device in self.mesh.devices.flat})

    @property
    def kind(self) -> str:
        """The name of the devices, which are all of one kind."""
        return str(self.mesh.devices.flat[0].device_kind)

    @functools.cached_property
    def local(self) -> list[jax.Device]:
        """The devices of this process."""
        return [device for device in self.mesh.devices.flat if device.process_index == jax.process_index()]

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
        """Put a pytree of arrays on the devices as `state` says; an array that is there already is not copied.

        Each process gives the same arrays.
        """
        return self._put(tree, self.state)

    def put_batch(self, tree: Any) -> Any:
        """Put a pytree of arrays on the devices as `batch` says; each process gives the whole batch."""
        return self._put(tree, self.batch)

    def rows(self, size: int) -> slice:
        """Return which films of a batch of `size` the devices of this process hold; they follow each other."""
        places = self.batch.addressable_devices_indices_map((size,)).values()
        spans = [place[0].indices(size)[:2] for place in places if place is not None]
        return slice(min(first for first, _ in spans), max(end for _, end in spans))

    def put_rows(self, tree: Any, size: int) -> Any:
        """Put a pytree of arrays on the devices as `batch` says; each process gives only its own `rows` of `size`."""
        return jax.tree.map(
            lambda rows: jax.make_array_from_process_local_data(self.batch, rows, (size, *rows.shape[1:])), tree
        )

    def _put(self, tree: Any, sharding: NamedSharding) -> Any:
        if len(self.local) == self.count:
            return jax.device_put(tree, sharding)
        return jax.tree.map(lambda leaf: _everywhere(leaf, sharding), tree)

    def abstract_state(self, tree: Any) -> Any:
        """Return shapes, dtypes and sharding of a pytree of arrays or shapes, as a restore needs them."""
        return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=self.state), tree)

    def abstract_batch(self, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
        """Return the shape, dtype and sharding of a batch's array, for which a program is compiled."""
        return jax.ShapeDtypeStruct(shape, dtype, sharding=self.batch)


def _everywhere(leaf: Any, sharding: NamedSharding) -> jax.Array:
    """Return an array on the devices of all processes, each of which has all of it; each device gets its own part.

    `jax.device_put` would compare the values of all processes first.
    """
    if isinstance(leaf, jax.Array):
        if leaf.sharding.is_equivalent_to(sharding, leaf.ndim):
            return leaf
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = _everywhere(jax.random.key_data(leaf), sharding)
            wrap = functools.partial(jax.random.wrap_key_data, impl=jax.random.key_impl(leaf))
            keys: jax.Array = jax.jit(wrap, out_shardings=sharding)(data)
            return keys
    whole = np.asarray(leaf)
    return jax.make_array_from_callback(whole.shape, sharding, lambda place: whole[place])
