"""Restores the network of a checkpoint: it follows the configuration, and its first weights decide the rest."""

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

# The first weights decide the first three of these, not a setting; the last one may change from epoch to epoch.
BROUGHT = ("stem_offset", "architecture", "epsilon", "freeze")


def restored_spec(config: Config, progress: Mapping[str, Any]) -> ClassifierSpec:
    """Return the spec of a checkpoint's network: as `config` asks, with what its first weights and its epoch decided.

    Raises:
        CheckpointError: the checkpoint's record describes no possible network.
    """
    saved = progress.get("spec", {"stem_offset": config.model.init != "random"})
    try:
        brought = {name: saved[name] for name in BROUGHT if name in saved}
        return dataclasses.replace(spec_of(config), **brought)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"The checkpoint is torn or belongs to another version: {error}.") from None


def restored(
    config: Config, checkpoints: Checkpoints, step: int, progress: Mapping[str, Any], layout: Layout | None = None
) -> tuple[ClassifierSpec, nnx.GraphDef[Classifier], dict[str, nnx.State]]:
    """Return the network of a checkpoint: its spec, its description and its variables, split as they were saved.

    Args:
        config: of the run.
        checkpoints: of the run.
        step: of the checkpoint.
        progress: where the run stood then.
        layout: of the devices that get the variables, whichever had them when they were saved; by default the first.

    Raises:
        CheckpointError: it is torn, or of another network, or `config` differs from what it was trained with.
    """
    recorded.check(config, progress, checkpoints.folder / str(step))
    spec = restored_spec(config, progress)
    graphdef, trainable, frozen, statistics = abstract(spec)
    like = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return spec, graphdef, checkpoints.variables(step, (layout or Layout.over()).abstract_state(like))
