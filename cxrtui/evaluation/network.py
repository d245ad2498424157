"""From a configuration to the network it describes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from flax import nnx

from cxrtui.config import Config
from cxrtui.errors import CheckpointError
from cxrtui.net import backend, freeze, recorded
from cxrtui.net.checkpoints import Checkpoints
from cxrtui.net.classifier import Classifier, ClassifierSpec

# Of a spec: what the first weights decide, and no setting does; and what the settings let change from epoch to epoch.
BROUGHT = ("stem_offset", "architecture", "epsilon", "freeze")


def spec_of(config: Config, *, stem_offset: bool = False) -> ClassifierSpec:
    """The network's shape as `config` asks for it; ``auto`` precision is the device's."""
    model = config.model
    return ClassifierSpec(
        hidden=model.hidden,
        dropout=model.dropout,
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


def restored_spec(config: Config, progress: Mapping[str, Any]) -> ClassifierSpec:
    """The network in a checkpoint: as `config` asks, with what its first weights brought, frozen as far as then.

    Raises:
        CheckpointError: the checkpoint says something that no network is.
    """
    told = progress.get("spec", {"stem_offset": config.model.init != "random"})
    try:
        brought = {name: told[name] for name in BROUGHT if name in told}
        return dataclasses.replace(spec_of(config), **brought)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The checkpoint is torn or belongs to another version: {error}.") from None


def restored(
    config: Config, checkpoints: Checkpoints, step: int, progress: Mapping[str, Any]
) -> tuple[ClassifierSpec, nnx.GraphDef[Classifier], dict[str, nnx.State]]:
    """The network in a checkpoint: its spec, its description and its weights, taken apart as they were saved.

    Raises:
        CheckpointError: it is torn, or of another network, or `config` is not what it was trained with.
    """
    recorded.check(config, progress, checkpoints.folder / str(step))
    spec = restored_spec(config, progress)
    graphdef, trainable, frozen, statistics = abstract(spec)
    like = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return spec, graphdef, checkpoints.weights(step, like)


def compute_in(network: Classifier, dtype: str) -> None:
    """Change the compute dtype of a network, in place; parameters stay float32."""
    network.spec = dataclasses.replace(network.spec, dtype=dtype)
    network.backbone.dtype = dtype


def abstract(spec: ClassifierSpec) -> freeze.Split:
    """The network taken apart, with shapes and dtypes in the place of arrays: what a restore is told to fill."""
    network = nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0)))
    return freeze.split(network)
