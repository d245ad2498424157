"""A run small enough to train in seconds: a narrow, shallow network on films of 32 pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrtui import config, runs
from cxrtui.config import Config
from cxrtui.runs import Run

SMALL: dict[str, Any] = {
    "data.size": 32, "model.init": "random", "model.width": 4, "model.stages": (1, 1, 1, 1), "model.hidden": (8,),
    "optim.epochs": 3, "optim.batch_size": 8, "optim.learning_rate": 1e-3,
}  # fmt: skip


@pytest.fixture
def small(phantom_films: Path) -> Callable[..., Config]:
    """The configuration of a small run, with changes."""

    def make(**changes: Any) -> Config:
        values = {key.replace("__", "."): value for key, value in changes.items()}
        return config.resolve(SMALL, {"data.source": str(phantom_films)}, values)

    return make


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., Run]:
    """A run folder of its own."""

    def make(name: str = "run") -> Run:
        return runs.new_run(tmp_path / "checkpoints", name)

    return make
