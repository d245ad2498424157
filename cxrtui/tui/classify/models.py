"""The models that the Classify screen offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import all_runs
from cxrtui.tui.widgets.early import amount, metric_name
from cxrtui.weights import shelf
from cxrtui.workspace import Workspace


class Model(NamedTuple):
    """One line of the list of models: a run, or a folder of the shelf."""

    key: str
    name: str
    remark: str
    place: Run | Path


def usable_models(workspace: Workspace, stopped: Callable[[], bool]) -> Iterator[tuple[Model, ...]]:
    """Yield once all runs that have a checkpoint, the latest first, and all classifiers on the shelf."""
    models: list[Model] = []
    for run in all_runs(workspace.checkpoints):
        if stopped():
            return
        if _has_checkpoint(run):
            early = summary(run).early
            best = f"{metric_name(early.metric)} {amount(early.metric, early.best)}" if early is not None else ""
            models.append(Model(run.name, run.name, best, run))
    yield (
        *models,
        *(Model(str(folder), folder.name, "shelf", folder) for folder in shelf.classifiers(workspace.models)),
    )


def _has_checkpoint(run: Run) -> bool:
    try:
        return run.state.is_dir() and any(run.state.iterdir())
    except OSError:  # for example the folder of another user
        return False
