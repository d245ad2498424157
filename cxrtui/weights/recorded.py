"""What a checkpoint itself says of the run that saved it: which run that was, and the settings that answers depend on.

A run's config.toml can be edited and its ``state`` folder changed for another's; what was trained stays what it was.
Checkpoints of older versions say less, and what they do not say is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxrtui.errors import CheckpointError
from cxrtui.files import read_text
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, as_text, real_key

# What decides the network, a film's way into it and what its answer is called; all else may be changed for a resume.
SETTINGS = (
    "data.positive", "data.negative", "data.views", "data.size", "data.resize_mode",
    "model.hidden", "model.width", "model.stages", "model.precision",
)  # fmt: skip
_OF_SPEC = {"model.hidden": "hidden", "model.width": "width", "model.stages": "stage_sizes"}  # older checkpoints


def settings(config: Config) -> dict[str, Any]:
    """The settings of `config` for a checkpoint's record, as JSON holds them."""
    body = config.as_dict()
    return {key: body[key.partition(".")[0]][key.partition(".")[2]] for key in SETTINGS}


def identity(state: Path) -> dict[str, str]:
    """The id, in its manifest.json, and the name of the run whose ``state`` folder that is; empty where it has none."""
    run = Run(state.parent)
    try:
        told = json.loads(read_text(run.manifest_file))["id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {"id": told, "name": run.name} if isinstance(told, str) else {}


def other_run(state: Path, position: Mapping[str, Any]) -> str:
    """The name of the run that saved a checkpoint in `state`, where that is another one; empty where it is not."""
    told, own = position.get("run"), identity(state)
    if not isinstance(told, Mapping) or "id" not in told or not own or told["id"] == own["id"]:
        return ""
    return printable(str(told.get("name"))[:64])


def check(config: Config, position: Mapping[str, Any], checkpoint: Path) -> None:
    """Nothing, where `config` is what the network at `position` was trained with.

    Raises:
        CheckpointError: a setting differs; the message names it and both values.
    """
    told, spec = position.get("settings"), position.get("spec")
    if not isinstance(told, Mapping):
        told = {key: spec[name] for key, name in _OF_SPEC.items() if name in spec} if isinstance(spec, Mapping) else {}
    told = {real_key(key): value for key, value in told.items()}
    for key, value in settings(config).items():
        if key in told and told[key] != value:
            now, then = (printable(as_text(item))[:80] or "nothing" for item in (value, told[key]))
            raise CheckpointError(
                f"The checkpoint {checkpoint} was trained with {key}={then}, and the run's config.toml now says {now}; "
                f"put {then} back there, or start a new run."
            )
