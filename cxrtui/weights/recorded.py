"""A checkpoint records which run saved it, and the settings that its network and its predictions depend on.

A user may edit a run's config.toml or swap its ``state`` folder for another run's; this record shows it.
Checkpoints of older versions record less. What they do not record is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxrtui.errors import CheckpointError
from cxrtui.files import read_text
from cxrtui.net.forms import Table
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, as_text, real_key

# These decide the network, its input and the names of its classes. A user may change all others before a resume.
SETTINGS = (
    "data.positive", "data.negative", "data.views", "data.size", "data.resize_mode",
    "model.hidden", "model.width", "model.stages", "model.precision",
)  # fmt: skip
_OF_SPEC = {"model.hidden": "hidden", "model.width": "width", "model.stages": "stage_sizes"}  # older checkpoints


def settings(config: Config) -> dict[str, Any]:
    """Return the settings of `config` that a checkpoint records, in JSON's own types."""
    body = config.as_dict()
    return {key: body[key.partition(".")[0]][key.partition(".")[2]] for key in SETTINGS}


def identity(state: Path) -> dict[str, str]:
    """Return the id, from manifest.json, and the name of the run that `state` belongs to; empty if it has no id."""
    run = Run(state.parent)
    try:
        found = json.loads(read_text(run.manifest_file))["id"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {"id": found, "name": run.name} if isinstance(found, str) else {}


def other_run(state: Path, position: Mapping[str, Any]) -> str:
    """Return the name of the run that saved a checkpoint in `state` if it is another run, else an empty string."""
    saved, own = position.get("run"), identity(state)
    if not isinstance(saved, Mapping) or "id" not in saved or not own or saved["id"] == own["id"]:
        return ""
    return printable(str(saved.get("name"))[:64])


def convolutions(position: Mapping[str, Any], checkpoint: Path) -> Table:
    """Return the forms in which the run at `position` computes its convolutions; older versions had one form.

    Raises:
        CheckpointError: the record is torn.
    """
    try:
        return Table.from_dict(position.get("convolutions", {}))
    except ValueError as error:
        raise CheckpointError(f"Checkpoint {checkpoint} is torn: {printable(str(error))[:200]}.") from None


def check(config: Config, position: Mapping[str, Any], checkpoint: Path) -> None:
    """Check that `config` has the settings that the network at `position` was trained with.

    Raises:
        CheckpointError: a setting differs; the message names it and both values.
    """
    trained, spec = position.get("settings"), position.get("spec")
    if not isinstance(trained, Mapping):
        known = spec if isinstance(spec, Mapping) else {}
        trained = {key: known[name] for key, name in _OF_SPEC.items() if name in known}
    trained = {real_key(key): value for key, value in trained.items()}
    for key, value in settings(config).items():
        if key in trained and trained[key] != value:
            now, then = (printable(as_text(item))[:80] or "nothing" for item in (value, trained[key]))
            raise CheckpointError(
                f"The checkpoint {checkpoint} was trained with {key}={then}, and the run's config.toml now says {now}; "
                f"put {then} back there, or start a new run."
            )
