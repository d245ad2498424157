"""From a configuration to the network it describes."""

from __future__ import annotations

from flax import nnx

from cxrtui.config import Config
from cxrtui.net import backend, freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec


def spec_of(config: Config, *, stem_offset: bool = False) -> ClassifierSpec:
    """The network's shape as `config` asks for it; ``auto`` precision is the device's."""
    model = config.model
    precision = backend.default_compute_dtype() if model.precision == "auto" else model.precision
    return ClassifierSpec(
        hidden=model.hidden,
        dropout=model.dropout,
        freeze=model.freeze,
        width=model.width,
        stage_sizes=model.stages,
        dtype=precision,
        stem_offset=stem_offset,
    )


def abstract(spec: ClassifierSpec) -> freeze.Split:
    """The network taken apart, with shapes and dtypes in the place of arrays: what a restore is told to fill."""
    network = nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0)))
    return freeze.split(network)
