"""One small run for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui import runner
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from tests.conftest import SMALL


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, phantom_films: Path) -> Run:
    """A run of one epoch; not to be changed."""
    run = new_run(tmp_path_factory.mktemp("trained") / "checkpoints", "trained")
    settings = config.resolve(SMALL, {"data.source": str(phantom_films), "optim.epochs": 1})
    assert runner.drive(run, settings) == 0
    return run
