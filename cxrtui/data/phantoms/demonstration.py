"""The demonstration: synthetic films, and settings with which a small network learns from them in minutes on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cxrtui.settings import config
from cxrtui.settings.config import Config

FILMS = 420
SEED = 0
SIZE = 192
"""Width and height of a film, pixels."""

# A quarter of ResNet-50's width, at 96 pixels, runs the same code at a size that two cores train in a minute.
SETTINGS: dict[str, object] = {
    "data.size": 96,
    "model.init": "random",
    "model.width": 16,
    "model.hidden": (64,),
    "model.dropout": 0.2,
    "optim.epochs": 28,
    "optim.batch_size": 16,
    "optim.learning_rate": 3e-3,
    "stop.metric": "auroc",
    "stop.patience": 8,
    "augment.rotation": 5.0,
}


def films_of(workspace: Path) -> Path:
    """Return the folder of the films in the workspace's folder."""
    return workspace / "phantoms"


def are_drawn(folder: Path) -> bool:
    """Return whether the films are in `folder` already, from an earlier demonstration."""
    return (folder / "manifest.csv").is_file()


def draw(folder: Path, on_progress: Callable[[int, int], None]) -> None:
    """Write the films into `folder`, unless they are there; call `on_progress(done, total)` after each.

    Raises:
        FileExistsError: the folder holds something else.
        OSError: the disk refuses.
    """
    if not are_drawn(folder):
        from cxrtui.data.phantoms import generate

        generate(folder, FILMS, SEED, size=SIZE, on_progress=on_progress)


def settings_for(folder: Path) -> Config:
    """Return the settings of a run on the films in `folder`."""
    return config.resolve(SETTINGS, {"data.source": (str(folder.absolute()),)})
