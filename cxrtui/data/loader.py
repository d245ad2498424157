"""This module puts batches of images on the devices, in an order that depends only on seed, epoch and step.

There are two loaders with one interface: `DeviceLoader` holds all images on the devices as uint8, and a step sends only
its indices; `StreamLoader` reads ahead from the prepared store with grain. The same seed gives the same batches from
both, to the bit.

The store holds decoded images, uint8 and not compressed. array_record reads them outside the interpreter's lock, and
what is left to Python is a copy. So threads read ahead, and no processes, which would have to send each image to here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
import numpy.typing as npt

from cxrtui import resources
from cxrtui.data.pool import workers
from cxrtui.data.prepared.ready import Split
from cxrtui.errors import DataError
from cxrtui.net import hosts
from cxrtui.net.layout import Layout

Indices = npt.NDArray[np.int32]
SHARE = 0.4  # the share of free memory that the images of one split may take


class Batch(NamedTuple):
    """Images, or features that were computed of them, and labels on the devices."""

    images: jax.Array  # uint8 [B, S, S], or features
    labels: jax.Array  # int32 [B]


class Loader(Protocol):
    """The interface through which training and evaluation read one split."""

    split: Split

    def batch(self, indices: Indices) -> Batch:
        """Return images uint8 `[B, S, S]` and labels int32 `[B]` at `indices`, on the devices."""
        ...

    def batches(self, steps: Indices) -> Iterator[Batch]:
        """Yield the batches at `steps`, indices int32 `[steps, B]`, in order."""
        ...

    def epoch(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """Yield the batches of a training epoch, starting at its step `first_step` (counted from 0)."""
        ...


def steps_per_epoch(count: int, batch: int) -> int:
    """Return the number of steps in an epoch of `count` images: only whole batches, but at least one."""
    return max(1, count // batch)


def epoch_order(seed: int, epoch: int, count: int, batch: int) -> Indices:
    """Return the indices of each step of an epoch, int32 `[steps, batch]`, shuffled.

    Images that do not fill a last batch are left out of this epoch (each epoch leaves out others); where there are
    fewer images than one batch needs, they are repeated.

    >>> epoch_order(seed=0, epoch=1, count=10, batch=4).shape
    (2, 4)
    """
    # NumPy guarantees that PCG64's bits never change, but it does not guarantee the result of Generator.shuffle.
    draws = np.random.PCG64(np.random.SeedSequence([seed, epoch])).random_raw(count)
    order = np.argsort(draws, kind="stable").astype(np.int32)
    steps = steps_per_epoch(count, batch)
    return np.resize(order, (steps, batch))


@functools.partial(jax.jit, static_argnames="layout")
def _take(layout: Layout, whole: Batch, indices: jax.Array) -> Batch:
    taken = jax.tree.map(lambda array: array.at[indices].get(mode="promise_in_bounds"), whole)
    placed: Batch = jax.lax.with_sharding_constraint(taken, layout.batch)
    return placed


@functools.partial(jax.jit, static_argnames="layout")
def _take_next(layout: Layout, whole: Batch, order: jax.Array, step: jax.Array) -> tuple[Batch, jax.Array]:
    indices = jax.lax.dynamic_index_in_dim(order, step, keepdims=False)
    return _take(layout, whole, indices), step + 1


class DeviceLoader:
    """Holds all images of `split`, or the `features` of these, on every device."""

    def __init__(self, split: Split, layout: Layout, features: npt.NDArray[Any] | None = None) -> None:
        self.split, self._layout = split, layout
        images = split.images if features is None else features
        self._whole = Batch(*layout.put_state((images, split.labels)))
        split.release()

    def batch(self, indices: Indices) -> Batch:
        """See `Loader`."""
        chosen = self._layout.put_batch(np.asarray(indices, np.int32))
        taken: Batch = _take(self._layout, self._whole, chosen)
        return taken

    def batches(self, steps: Indices) -> Iterator[Batch]:
        """See `Loader`."""
        return map(self.batch, steps)

    def epoch(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """See `Loader`. The order is on the devices, so that nothing is transferred to them for a step."""
        order = epoch_order(seed, epoch, len(self.split), batch)
        there, step = self._layout.put_state((order, np.int32(first_step)))
        for _ in order[first_step:]:
            taken, step = _take_next(self._layout, self._whole, there, step)
            yield taken


class StreamLoader:
    """Reads the images of `split` from its store, or its `features` from a mapped file, `ahead` batches in advance."""

    def __init__(self, split: Split, layout: Layout, features: npt.NDArray[Any] | None = None, ahead: int = 4) -> None:
        self.split, self._layout, self._features, self._ahead = split, layout, features, ahead

    def _gather(self, indices: Indices) -> tuple[npt.NDArray[Any], npt.NDArray[np.int32]]:
        """Return images and labels of those films of a batch that the devices of this process hold."""
        own = indices[self._layout.rows(len(indices))]
        return self.split.gather(own) if self._features is None else self._features[own], self.split.labels[own]

    def batch(self, indices: Indices) -> Batch:
        """See `Loader`."""
        return Batch(*self._layout.put_rows(self._gather(indices), len(indices)))

    def epoch(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """See `Loader`."""
        return self.batches(epoch_order(seed, epoch, len(self.split), batch)[first_step:])

    def batches(self, steps: Indices) -> Iterator[Batch]:
        """See `Loader`; the next `ahead` batches are read meanwhile."""
        import grain  # takes a moment, and most runs never stream

        def load(step: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int32]]:
            return self._gather(steps[step])

        threads = min(self._ahead, workers())
        options = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=self._ahead)
        reader: Any = grain.MapDataset.range(len(steps)).map(load).to_iter_dataset(options)
        for rows in reader:
            yield Batch(*self._layout.put_rows(rows, steps.shape[1]))


def free_memory(layout: Layout) -> int:
    """Return the bytes free for arrays on each device of this process; devices without a memory share the machine's."""
    known = [device.memory_stats() or {} for device in layout.local]
    if all(stats.get("bytes_limit") for stats in known):
        return min(int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0)) for stats in known)
    return resources.free_memory() // len(known)


def make_loader(split: Split, layout: Layout, where: str = "auto", memory: int | None = None) -> Loader:
    """Return the loader of a split: `device`, `stream`, or `auto`: device if all images fit in `SHARE` of `memory`.

    Args:
        split: the images of the split.
        layout: the layout of the devices.
        where: a value of the setting ``data.feed``.
        memory: bytes that are free for arrays on each device; by default, the result of `free_memory`.

    Raises:
        DataError: the split has no images.
    """
    if not len(split):
        raise DataError("A split has no films; check the split.")
    free = hosts.told(free_memory(layout)) if memory is None else memory  # all hosts choose alike
    if where == "device" or (where == "auto" and split.nbytes <= SHARE * free):
        return DeviceLoader(split, layout)
    return StreamLoader(split, layout)
