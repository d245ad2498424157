"""A small network that has learnt to find a bright disc, and the films on which it was not trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cxrtui import runner
from cxrtui.evaluation import model as models
from cxrtui.evaluation.model import Model
from cxrtui.files import sha256
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from tests.conftest import SMALL
from tests.made_once import made_once

SIZE = 96


@dataclass(frozen=True)
class Discs:
    """A trained model, and films of the positive class that it has not seen, each with the mask of its disc."""

    model: Model
    paths: list[Path]
    masks: list[NDArray[np.bool_]]


def disc_film(rng: np.random.Generator, positive: bool) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A film of noise over a slope, with a bright disc in a positive one, and the disc's mask."""
    y, x = np.mgrid[:SIZE, :SIZE]
    film = 70 + 30 * rng.random() + 25 * np.sin((x + y) / 40 + 6 * rng.random()) + rng.normal(0, 12, (SIZE, SIZE))
    across, down = rng.integers(18, SIZE - 18, 2)
    mask = (x - across) ** 2 + (y - down) ** 2 < 10**2
    return np.clip(film + 90 * mask * positive, 0, 255).astype(np.uint8), mask & positive


def films_of(folder: Path) -> Iterator[tuple[Path, NDArray[np.uint8], NDArray[np.bool_]]]:
    """The place of each film, the film and its mask; the same at each call."""
    rng = np.random.default_rng(0)
    for label in ("negative", "positive"):
        for number in range(60):
            yield folder / label / f"{number:03}.png", *disc_film(rng, label == "positive")


def train(folder: Path) -> None:
    """About a quarter of a minute on two cores."""
    for path, film, _ in films_of(folder / "films"):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(film).save(path)
    settings = config.resolve(
        SMALL, {"data.source": str(folder / "films"), "data.size": SIZE, "model.width": 8, "optim.epochs": 12,
                "optim.learning_rate": 3e-3, "model.dropout": 0.0, "stop.patience": 0, "augment.rotation": 0.0},
    )  # fmt: skip
    assert runner.drive(new_run(folder / "checkpoints", "discs"), settings) == 0


@pytest.fixture(scope="session")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Discs:
    folder = made_once(tmp_path_factory, "discs", train)
    run, masks = Run(folder / "checkpoints" / "discs"), {path: mask for path, _, mask in films_of(folder / "films")}
    seen = models.seen_in_training(run)
    paths = [path for path in masks if path.parent.name == "positive" and sha256(path) not in seen.digests]
    assert len(paths) >= 6
    assert run.read().evaluations["test"].metrics["auroc"] > 0.9
    return Discs(models.load(run), paths, [masks[path] for path in paths])
