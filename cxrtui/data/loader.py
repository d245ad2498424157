"""Batches of films on the device, in an order that is a function of seed, epoch and step alone.

Two feeds with one interface: `DeviceFeed` holds all films on the device as uint8, and a step sends only its indices;
`StreamFeed` reads ahead from the prepared store with grain. The same seed gives the same batches from both, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
import numpy.typing as npt
import psutil

from cxrtui.data.prepared.ready import Part
from cxrtui.errors import DataError

Indices = npt.NDArray[np.int32]
SHARE = 0.4  # of the memory that is free, for the films of one part


class Batch(NamedTuple):
    """Films and classes on the device."""

    images: jax.Array  # uint8 [B, S, S]
    labels: jax.Array  # int32 [B]


class Feed(Protocol):
    """What a trainer needs of one part."""

    part: Part

    def batch(self, indices: Indices) -> Batch:
        """Images uint8 `[B, S, S]` and labels int32 `[B]` at `indices`, on the device."""
        ...

    def start(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of a training epoch, from its step `first_step` (counted from 0) on."""
        ...


def steps_per_epoch(count: int, batch: int) -> int:
    """Steps in an epoch of `count` films: whole batches only, but one at least."""
    return max(1, count // batch)


def epoch_order(seed: int, epoch: int, count: int, batch: int) -> Indices:
    """The films of each step of an epoch, int32 `[steps, batch]`, shuffled.

    What does not fill a last batch is left out of this epoch (another epoch leaves out others); with fewer films than a
    batch, they are repeated to fill one.

    >>> epoch_order(seed=0, epoch=1, count=10, batch=4).shape
    (2, 4)
    """
    # NumPy promises PCG64's bits for ever, but not what Generator.shuffle makes of them.
    draws = np.random.PCG64(np.random.SeedSequence([seed, epoch])).random_raw(count)
    order = np.argsort(draws, kind="stable").astype(np.int32)
    steps = steps_per_epoch(count, batch)
    return np.resize(order, (steps, batch))


@jax.jit
def _take(films: jax.Array, labels: jax.Array, indices: jax.Array) -> tuple[jax.Array, jax.Array]:
    return films.at[indices].get(mode="promise_in_bounds"), labels.at[indices].get(mode="promise_in_bounds")


class DeviceFeed:
    """All films of `part` on the device."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self._films = jax.device_put(part.images)
        self._labels = jax.device_put(part.labels)
        part.release()

    def batch(self, indices: Indices) -> Batch:
        """See `Feed`."""
        return Batch(*_take(self._films, self._labels, jax.device_put(np.asarray(indices, np.int32))))

    def start(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """See `Feed`."""
        for indices in epoch_order(seed, epoch, len(self.part), batch)[first_step:]:
            yield self.batch(indices)


class StreamFeed:
    """Films of `part` read from its store, `ahead` batches in advance."""

    def __init__(self, part: Part, ahead: int = 4, threads: int = 2) -> None:
        self.part = part
        self._threads, self._ahead = threads, ahead

    def batch(self, indices: Indices) -> Batch:
        """See `Feed`."""
        return Batch(*jax.device_put((self.part.gather(indices), self.part.labels[indices])))

    def start(self, seed: int, epoch: int, batch: int, first_step: int = 0) -> Iterator[Batch]:
        """See `Feed`."""
        import grain  # takes a moment, and most runs never stream

        steps = epoch_order(seed, epoch, len(self.part), batch)[first_step:]

        def load(step: int) -> tuple[int, npt.NDArray[np.uint8]]:
            return step, self.part.gather(steps[step])

        options = grain.ReadOptions(num_threads=self._threads, prefetch_buffer_size=self._ahead)
        reader: Any = grain.MapDataset.range(len(steps)).map(load).to_iter_dataset(options)
        for step, images in reader:
            yield Batch(*jax.device_put((images, self.part.labels[steps[step]])))


def free_memory() -> int:
    """Bytes free where arrays live: the first device's own memory, or the machine's where it has none of its own."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if limit := stats.get("bytes_limit"):
        return int(limit) - int(stats.get("bytes_in_use", 0))
    return int(psutil.virtual_memory().available)


def make_feed(part: Part, where: str = "auto") -> Feed:
    """The feed for `part`: `device`, `stream`, or `auto`, which is the device where the films fit in `SHARE` of it.

    Raises:
        DataError: the part has no films.
    """
    if not len(part):
        raise DataError("A part has no films to feed; check the split.")
    if where == "device" or (where == "auto" and part.nbytes <= SHARE * free_memory()):
        return DeviceFeed(part)
    return StreamFeed(part)
