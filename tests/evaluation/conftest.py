"""One small run for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui import runner
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from tests.conftest import SMALL
from tests.made_once import made_once


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, phantom_films: Path) -> Run:
    """A run of one epoch; not to be changed."""

    def make(folder: Path) -> None:
        settings = config.resolve(SMALL, {"data.source": str(phantom_films), "optim.epochs": 1})
        assert runner.drive(new_run(folder / "checkpoints", "trained"), settings) == 0

    return Run(made_once(tmp_path_factory, "trained", make) / "checkpoints" / "trained")
