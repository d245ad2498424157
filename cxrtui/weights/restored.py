"""The network that a checkpoint holds: the one that the configuration asks for, with what its first weights brought."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from flax import nnx

from cxrtui.errors import CheckpointError
from cxrtui.net.build import abstract, spec_of
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.layout import Layout
from cxrtui.settings.config import Config
from cxrtui.weights import recorded
from cxrtui.weights.checkpoints import Checkpoints

# Of a spec: what the first weights decide, and no setting does; and what the settings let change from epoch to epoch.
BROUGHT = ("stem_offset", "architecture", "epsilon", "freeze")


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
    config: Config, checkpoints: Checkpoints, step: int, progress: Mapping[str, Any], layout: Layout | None = None
) -> tuple[ClassifierSpec, nnx.GraphDef[Classifier], dict[str, nnx.State]]:
    """The network in a checkpoint: its spec, its description and its variables, taken apart as they were saved.

    Args:
        config: of the run.
        checkpoints: of the run.
        step: of the checkpoint.
        progress: where the run stood then.
        layout: where the variables are to lie, wherever they lay when they were saved; by default on the first device.

    Raises:
        CheckpointError: it is torn, or of another network, or `config` is not what it was trained with.
    """
    recorded.check(config, progress, checkpoints.folder / str(step))
    spec = restored_spec(config, progress)
    graphdef, trainable, frozen, statistics = abstract(spec)
    like = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return spec, graphdef, checkpoints.weights(step, (layout or Layout.over()).abstract_state(like))
