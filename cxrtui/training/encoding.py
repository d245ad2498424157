"""Passes the films of a split through the frozen groups of the network, one view of each, and names the result."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax.sharding import NamedSharding
from numpy.typing import NDArray

from cxrtui.data.augment import Strengths, augment_each, fold_each, resample
from cxrtui.data.loader import Loader
from cxrtui.evaluation.predict import Variables, in_order
from cxrtui.net import freeze
from cxrtui.net.cut import Cut
from cxrtui.net.layout import Layout
from cxrtui.net.resnet import GROUPS, normalise
from cxrtui.net.traced import compile_once, program_key
from cxrtui.settings.config import Config
from cxrtui.training.initial_state import NetworkState

_VIEWS = np.uint32(2**32 - 1)  # folded into the seed's key for the views; the number of no step
_READ = 256  # films whose pixels are hashed at once


@dataclass(frozen=True)
class View:
    """One view of each film of a split.

    Attributes:
        name: in the run.
        source: has the stored images.
        number: which of the augmented views it is; None for the films as they are.
        key: see `Encoder.key`; empty until it is known.
    """

    name: str
    source: Loader
    number: int | None
    key: str = ""

    def __len__(self) -> int:
        return len(self.source.split)


class Encoder:
    """The frozen groups of a network as they are now: a fixed function of images.

    Args:
        config: of the run; the seed, the augmentation and the size are read.
        network: all below `cut` is frozen.
        cut: where the features are taken.
        layout: of the devices.
        batch: images in each call of the program.
        stored_size: of the stored images, pixels.
    """

    def __init__(
        self, config: Config, network: NetworkState, cut: Cut, layout: Layout, *, batch: int, stored_size: int
    ) -> None:
        self._cut, self._config, self._layout = cut, config, layout
        self._batch, self._stored_size = batch, stored_size
        self._network, self._variables = network, network.state.variables
        self._program: Any = None
        # A process reads the features of all films, also those that devices of other processes compute.
        self._out = layout.state if layout.hosts > 1 else layout.features

    def key(self, view: View, pixels: str) -> str:
        """Return 64 hexadecimal digits that change with all that the bits of the features depend on.

        These are the stored images, of which `pixels` is the digest in their order, what is drawn for them, weights and
        statistics of the frozen groups, the program, the device, and the size of its batches.
        """
        drawn: list[Any] = []
        if view.number is not None:
            drawn = [asdict(self._config.augment), self._config.run.seed, view.number, list(view.source.split.digests)]
        parts = [*self._groups, self._config.data.size, self._stored_size, pixels, drawn]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @functools.cached_property
    def _groups(self) -> list[str]:
        """What the frozen groups are: digests of their program and of their weights, and the device."""
        state, spec = self._network.state, self._network.spec
        flat = [*nnx.to_flat_state(state.frozen), *nnx.to_flat_state(state.statistics)]
        arrays = [(path, variable[...]) for path, variable in flat if freeze.is_frozen(path, spec.freeze)]
        weights = hashlib.sha256()
        for path, array in arrays:
            weights.update(repr(path).encode() + np.asarray(array).tobytes())
        below = spec.stage_sizes[: GROUPS.index(spec.freeze)]
        of = (below, spec.dtype, spec.stem_offset, spec.architecture, spec.epsilon, self._cut, self._layout)
        program = program_key(([array for _, array in arrays], self._images()), of)
        return [program, weights.hexdigest(), jax.local_devices()[0].device_kind, platform.machine()]

    def compile(self) -> None:
        """Compile the program, if it is not compiled."""
        if self._program is None:
            of = (self._network.graphdef, self._cut, self._out)
            self._program = compile_once("encode", functools.partial(_encode, *of), (self._variables, self._images()),
                                         0, of=of, sharding=self._out)  # fmt: skip

    def rows(self, view: View) -> Iterator[NDArray[Any]]:
        """Yield the features of the films of a view, ``[n, …]``, batch by batch in their order.

        The batches are the same whenever and for whatever run they are computed, so the bits are too.
        """
        self.compile()
        split, count, layout = view.source.split, len(view), self._layout
        key = jax.random.fold_in(jax.random.key(self._config.run.seed), _VIEWS)
        of_view = jax.random.fold_in(key, np.uint32(view.number or 0))
        of_view, strengths = layout.put_state((of_view, Strengths.of(self._config.augment)))
        steps = in_order(count, self._batch)
        for start, indices, batch in zip(range(0, count, self._batch), steps, view.source.batches(steps), strict=True):
            images = batch.images
            if view.number is None:
                pixels = _plain(self._config.data.size, layout, images)
            else:
                films = layout.put_state(_numbers([split.digests[place] for place in indices]))
                pixels = _drawn(self._config.data.size, layout, images, of_view, films, strengths)
            yield np.asarray(self._program(self._variables, pixels))[: count - start]

    def _images(self) -> jax.ShapeDtypeStruct:
        size = self._config.data.size
        return self._layout.abstract_batch((self._batch, size, size, 1), np.float32)


def pixels_of(source: Loader) -> Iterator[tuple[int, str]]:
    """Yield how many stored images of a split were hashed, with the SHA-256 of these."""
    digest, count = hashlib.sha256(), len(source.split)
    for start in range(0, count, _READ):
        places = np.arange(start, min(start + _READ, count))
        digest.update(source.split.gather(places).tobytes())
        yield start + len(places), digest.hexdigest()


def _numbers(digests: Sequence[str]) -> NDArray[np.uint32]:
    """Return a number for each film, by its content, so that its views are the same in any split."""
    words = [hashlib.sha256(digest.encode()).digest()[:4] for digest in digests]
    return np.frombuffer(b"".join(words), ">u4").astype(np.uint32)


def _encode(graphdef: Any, cut: Cut, out: NamedSharding, variables: Variables, images: jax.Array) -> jax.Array:
    """Return the features at `cut` of normalised images, float32 ``[B, size, size, 1]``."""
    network = freeze.merge(graphdef, variables["trainable"], variables["frozen"], variables["statistics"])
    features: jax.Array = jax.lax.with_sharding_constraint(network.encode(images, cut.name), out)
    return features


@functools.partial(jax.jit, static_argnums=(0, 1))
def _plain(size: int, layout: Layout, images: jax.Array) -> jax.Array:
    """Return stored images, uint8 ``[B, S, S]``, as the network takes them in validation."""
    placed: jax.Array = jax.lax.with_sharding_constraint(normalise(resample(images, size)), layout.batch)
    return placed


@functools.partial(jax.jit, static_argnums=(0, 1))
def _drawn(
    size: int, layout: Layout, images: jax.Array, key: jax.Array, films: jax.Array, strengths: Strengths
) -> jax.Array:
    """Return stored images as the network takes them, each changed at random by `key` and its number of `films`."""
    changed = normalise(augment_each(images, fold_each(key, films), strengths, size))
    placed: jax.Array = jax.lax.with_sharding_constraint(changed, layout.batch)
    return placed
