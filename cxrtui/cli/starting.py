"""The settings of a run that a command starts or resumes, checked before a run is made for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrtui.cli.group import Context
from cxrtui.errors import DataError, UsageError
from cxrtui.files import is_url
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.workspace import Workspace, expand

if TYPE_CHECKING:
    from cxrtui.settings.config import Config


def settings_to_start(
    context: Context,
    preset: str | None,
    config_file: Path | None,
    assignments: Sequence[str],
    sources: Sequence[str],
    init: str | None,
) -> Config:
    """Return the settings of a new run, after a check of its films' paths and of its initial weights."""
    from cxrtui.weights import shelf

    flags: dict[str, Any] = {}
    if sources:
        flags["data.source"] = sources
    if init:
        flags["model.init"] = str(_weights_here(init))
    settings = absolute_settings(context.settings(config_file, assignments, flags, preset), context.workspace)
    if not settings.data.source:
        raise UsageError("Nothing to train on; name the films with --data FOLDER.")
    need_films(settings.data.source)
    shelf.check(settings.model.init, settings.model.width, settings.model.stages)
    return settings


def settings_to_resume(run: Run, sources: Sequence[str], devices: int | None) -> Config:
    """Return the settings that `run` goes on with: its own, with new paths of films that have moved, on `devices`."""
    settings = config.load(run.config_file)
    if devices is not None:
        settings = config.with_values(settings, {"run.devices": devices})
    if sources:
        settings = config.with_values(settings, {"data.source": tuple(map(absolute_source, sources))})
        need_films(settings.data.source)
    if run.alive():
        raise UsageError(advice.not_yet(run, watch=True))
    return settings


def absolute_settings(settings: Config, workspace: Workspace) -> Config:
    """Return `settings` with absolute paths, also for a name on the shelf, so that any folder can resume the run."""
    from cxrtui.data.sources.naming import absolute
    from cxrtui.weights import shelf

    values: dict[str, Any] = {"data.source": tuple(map(absolute, settings.data.source))}
    values.update({key: str(expand(file).absolute()) for key, file in config.named_files(settings).items()})
    values["model.init"] = shelf.resolve(settings.model.init, workspace.models)
    return config.with_values(settings, values)


def absolute_source(source: str) -> str:
    """Return a value of ``--data`` with its path made absolute."""
    from cxrtui.data.sources.naming import absolute

    return absolute(source)


def need_films(sources: Sequence[str]) -> None:
    """Refuse a path that is not there, before a run is made for it."""
    from cxrtui.data.sources.naming import absent

    for path in absent(sources):
        raise DataError(f"No such file or folder: {path}; check --data.")


def _weights_here(init: str) -> str | Path:
    """Return a value of ``--init``; weights at a URL are fetched."""
    from cxrtui.remote.folders import fetched_file

    return fetched_file(init) if is_url(init) else init
