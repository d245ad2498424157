"""Turns a network into NumPy arrays by path, and such arrays into a network, without compiling anything."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from cxrtui.net.classifier import Classifier, ClassifierSpec, abstract
from cxrtui.net.resnet import ResNet50

VariablePath = tuple[Any, ...]  # ("backbone", "stem", "conv", "kernel")
Arrays = dict[VariablePath, np.ndarray]
STEM_KERNEL, STEM_OFFSET = ("backbone", "stem", "conv", "kernel"), ("backbone", "stem", "offset")


@functools.lru_cache(32)
def shapes(spec: ClassifierSpec) -> Mapping[VariablePath, tuple[int, ...]]:
    """Return the shape of every parameter and running average of a network, by path."""
    state = nnx.state(abstract(spec), (nnx.Param, nnx.BatchStat))
    return {path: tuple(variable.shape) for path, variable in nnx.to_flat_state(state)}


def backbone_paths(spec: ClassifierSpec) -> list[VariablePath]:
    """Return the paths of those variables that a file of weights also holds, as `Format.key` takes them."""
    return [path[1:] for path in shapes(spec) if path[0] == "backbone" and path[-1] != "offset"]


def assemble(spec: ClassifierSpec, arrays: Mapping[VariablePath, np.ndarray]) -> Classifier:
    """Return the network of `spec` with these arrays. An array for every variable must be there."""
    graphdef, state = nnx.split(abstract(spec))
    filled = [(path, variable.replace(_copied(arrays[path]))) for path, variable in nnx.to_flat_state(state)]
    network: Classifier = nnx.merge(graphdef, nnx.from_flat_state(filled))
    return network


def _copied(array: np.ndarray) -> jax.Array:
    """Return the array on the first device, in memory of its own; `jnp.asarray` compiles a program for each shape."""
    copied: jax.Array = jax.device_put(array, may_alias=False)
    return copied


def disassemble(network: Classifier) -> Arrays:
    """Invert `assemble`."""
    state = nnx.state(network, (nnx.Param, nnx.BatchStat))
    return {path: np.asarray(variable[...]) for path, variable in nnx.to_flat_state(state)}


def fill(network: Classifier | ResNet50, arrays: Mapping[VariablePath, np.ndarray]) -> None:
    """Set the backbone of a network, in place; the head stays as it is.

    If `arrays` hold a border kernel and the network's stem has none, the stem gets one, and the spec records it.
    """
    backbone = network.backbone if isinstance(network, Classifier) else network
    offset = arrays.get(STEM_OFFSET)
    if offset is not None and backbone.stem.offset is None:
        backbone.stem.offset = nnx.Param(jnp.zeros(offset.shape, jnp.float32))
        if isinstance(network, Classifier):
            network.spec = dataclasses.replace(network.spec, stem_offset=True)
    for path, variable in nnx.to_flat_state(nnx.state(backbone, (nnx.Param, nnx.BatchStat))):
        variable.set_value(_copied(arrays[("backbone", *path)]))
