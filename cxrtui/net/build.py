"""Builds the network that a configuration describes."""

from __future__ import annotations

import dataclasses

from cxrtui.net import backend, classifier, freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.settings.config import Config


def spec_of(config: Config, *, stem_offset: bool = False) -> ClassifierSpec:
    """Return the network's spec as `config` asks for it; with ``auto``, the device decides the precision."""
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
    """Return the compute dtype that `config` asks for; with ``auto``, the device decides it."""
    asked = config.model.precision
    return backend.default_compute_dtype() if asked == "auto" else asked


def compute_in(network: Classifier, dtype: str) -> None:
    """Change the compute dtype of a network, in place; parameters stay float32."""
    network.spec = dataclasses.replace(network.spec, dtype=dtype)
    network.backbone.dtype = dtype


def abstract(spec: ClassifierSpec) -> freeze.Split:
    """Return the split network with shapes and dtypes instead of arrays, as a restore needs it."""
    return freeze.split(classifier.abstract(spec))
