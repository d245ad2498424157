"""From a configuration to the network it describes."""

from __future__ import annotations

import dataclasses

from flax import nnx

from cxrtui.net import backend, freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.settings.config import Config


def spec_of(config: Config, *, stem_offset: bool = False) -> ClassifierSpec:
    """The network's shape as `config` asks for it; ``auto`` precision is the device's."""
    model = config.model
    return ClassifierSpec(
        hidden=model.hidden,
        freeze=model.freeze,
        width=model.width,
        stage_sizes=model.stages,
        dtype=precision(config),
        stem_offset=stem_offset,
    )


def precision(config: Config) -> str:
    """The compute dtype that `config` asks for; ``auto`` is the device's."""
    asked = config.model.precision
    return backend.default_compute_dtype() if asked == "auto" else asked


def compute_in(network: Classifier, dtype: str) -> None:
    """Change the compute dtype of a network, in place; parameters stay float32."""
    network.spec = dataclasses.replace(network.spec, dtype=dtype)
    network.backbone.dtype = dtype


def abstract(spec: ClassifierSpec) -> freeze.Split:
    """The network taken apart, with shapes and dtypes in the place of arrays: what a restore is told to fill."""
    network = nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0)))
    return freeze.split(network)
