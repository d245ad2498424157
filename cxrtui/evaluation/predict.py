"""Computes the logits of many images with one compiled program, in fixed batches; the last batch is padded."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import resample
from cxrtui.net import forms, freeze
from cxrtui.net.cut import Cut
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.net.layout import Layout
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise
from cxrtui.net.traced import compile_once

if TYPE_CHECKING:
    from cxrtui.data.loader import Loader  # it brings what keeps prepared films, and classifying files needs none

Variables = dict[str, Any]  # {"trainable", "frozen", "statistics"}: the network's three pytrees


Forward = Callable[[Variables, Any], jax.Array]
_PROGRAMS: Programs[Forward] = Programs()


def forward(
    graphdef: Any, size: int, layout: Layout, cut: Cut | None, table: Table, variables: Variables, images: jax.Array
) -> jax.Array:
    """Return logits float32 ``[B, 2]`` of stored images, uint8 ``[B, S, S]``, resampled to `size` pixels.

    With `cut`, `images` are features that were taken there.
    """
    network = freeze.merge(graphdef, variables["trainable"], variables["frozen"], variables["statistics"])
    with forms.using(table):
        if cut is None:
            result = network(normalise(resample(images, size)))
        else:
            result = network.decode(images, cut.name)
    logits: jax.Array = jax.lax.with_sharding_constraint(result, layout.state)
    return logits


class Predictor:
    """Compiled inference for one network, input size and batch. Variables are an argument, so training can use it too.

    Args:
        graphdef: the network's description.
        size: of the network's input, pixels.
        stored_size: of the stored images, pixels.
        batch: images in each call.
        layout: of the devices; by default only the first one.
        cut: if the loader of `over` has features instead of images: where these were taken.
        table: the forms of the convolutions, which the run has recorded.

    Raises:
        ConfigError: `batch` images cannot be divided among the devices of the layout.
    """

    def __init__(
        self, graphdef: Any, size: int, stored_size: int, batch: int, layout: Layout | None = None,
        cut: Cut | None = None, table: Table = ALL_DIRECT,
    ) -> None:  # fmt: skip
        self.graphdef, self.size, self.stored_size, self.batch, self.cut = graphdef, size, stored_size, batch, cut
        self.layout, self.table = layout or Layout.over(), table
        self.layout.check_batch(batch, "The batch of evaluation")
        self._forward: Forward | None = None

    def compile(self, variables: Variables) -> Forward:
        """Return the program for `variables`, compiled now and not at the first batch; they may be shapes."""
        layout, cut = self.layout, self.cut
        fixed = self.graphdef, self.size, layout, cut, self.table
        images = layout.abstract_batch((self.batch, self.stored_size, self.stored_size), np.uint8)
        if cut is not None:
            images = cut.abstract(self.batch, layout.features)

        def compiled() -> Forward:
            network = functools.partial(forward, *fixed)
            return compile_once("forward", network, (variables, images), 0, of=fixed, sharding=layout.state)

        key = (*fixed, self.stored_size, self.batch, kind(variables))
        self._forward = _PROGRAMS.get(key, compiled)
        return self._forward

    def __call__(self, variables: Variables, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits float32 ``[n, 2]`` of at most `batch` images, uint8 ``[n, stored_size, stored_size]``."""
        program = self._forward or self.compile(variables)
        count = len(images)
        if count < self.batch:
            padding = np.zeros((self.batch - count, self.stored_size, self.stored_size), np.uint8)
            images = np.concatenate([images, padding])
        return np.asarray(program(variables, self.layout.put_batch(images)))[:count]

    def over(self, variables: Variables, loader: Loader) -> Iterator[NDArray[np.float32]]:
        """Yield the logits of the loader's split, batch by batch, in order; the caller may stop after any batch."""
        program = self._forward or self.compile(variables)
        count = len(loader.split)
        before: tuple[jax.Array, int] | None = None  # is read once the next batch is under way
        for start, batch in zip(range(0, count, self.batch), loader.batches(in_order(count, self.batch)), strict=True):
            logits = program(variables, batch.images)
            if before is not None:
                yield np.asarray(before[0])[: before[1]]
            before = logits, count - start
        if before is not None:
            yield np.asarray(before[0])[: before[1]]


def in_order(count: int, batch: int) -> NDArray[np.int32]:
    """Return the indices of `count` images, batch by batch, int32 ``[batches, batch]``; the last one is repeated.

    >>> in_order(5, batch=3).tolist()
    [[0, 1, 2], [3, 4, 4]]
    """
    return np.minimum(np.arange(-(-count // batch) * batch, dtype=np.int32), count - 1).reshape(-1, batch)


def even_batch(count: int, most: int, devices: int = 1) -> int:
    """Return how many images a call takes, so that `count` images need few calls and little padding.

    They are at most `most` for each of the devices.

    It is a multiple of 4, so that splits of nearly one size share a compiled program, and of the number of devices.

    >>> even_batch(65, most=32), even_batch(9, most=32), even_batch(1000, most=32), even_batch(1000, 32, devices=3)
    (24, 12, 32, 96)
    """
    most *= devices
    calls, multiple = max(1, -(-count // most)), math.lcm(4, devices)
    return min(most, -(-max(1, count) // (calls * multiple)) * multiple)


class OneOrMany:
    """A network of any number of stored images: as many as a batch together, and fewer one by one on each device.

    A program takes as long for a batch that is not full as for a full one.

    Args:
        variables: of the network.
        batch: images in a full batch.
        layout: of the devices that have the variables; by default only the first one.
        network: `Predictor`'s other arguments.
    """

    def __init__(self, variables: Variables, batch: int, layout: Layout | None = None, **network: Any) -> None:
        self._variables = variables
        layout = layout or Layout.over()
        self._one, self._many = (Predictor(batch=size, layout=layout, **network) for size in (layout.count, batch))

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities float64 ``[n, 2]`` of images, uint8 ``[n, stored_size, stored_size]``."""
        predictor = self._many if len(images) == self._many.batch else self._one
        parts = range(0, len(images), predictor.batch)
        logits = [predictor(self._variables, images[start : start + predictor.batch]) for start in parts]
        return softmax(np.concatenate(logits))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return probabilities float64 ``[N, classes]``; NaN, without a warning, for logits that are not finite."""
    with np.errstate(invalid="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
        powers = np.exp(shifted)
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
