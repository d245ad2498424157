"""A run records in which forms it computes its convolutions, and keeps to them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.errors import CheckpointError
from cxrtui.evaluation import model as models
from cxrtui.net import build, fastest
from cxrtui.net.forms import ALL_DIRECT, Forms, Table
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.weights import recorded
from cxrtui.weights.checkpoints import Checkpoints
from tests.training.test_fit import fit, weights_of


@pytest.mark.slow
def test_a_resumed_run_computes_as_it_began_on_any_machine(
    small: Callable[..., Config], new_run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(optim__epochs=2, stop__patience=0)
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(fastest, "LEAST_WORK", 0)
    shapes = fastest.shapes_of(build.spec_of(config), config.data.size)
    this = Table(tuple((shape, Forms("im2col", "im2col", "im2col")) for shape in shapes))
    other = Table(tuple((shape, Forms("direct", "im2col", "direct")) for shape in shapes))
    fastest._write(this)
    whole, broken = new_run("whole"), new_run("broken")
    list(fit(config, whole))
    steps = 0

    def enough() -> bool:
        return steps >= 3

    for event in fit(config, broken, enough):
        steps += isinstance(event, ev.StepDone)
    shutil.rmtree(tmp_path / "cache" / "convolutions")
    fastest._write(other)  # as on another machine
    story = list(fit(config, broken, resume=True))
    assert not [event for event in story if isinstance(event, ev.Preparing) and "convolutions" in event.stage]
    assert all(np.array_equal(x, y) for x, y in zip(weights_of(whole), weights_of(broken), strict=True))
    checkpoints = Checkpoints(broken.state, read_only=True)
    assert Table.from_dict(checkpoints.progress(checkpoints.best())["convolutions"]) == this
    assert models.load(broken).table == this


def test_a_checkpoint_of_an_older_version_keeps_to_xlas_own() -> None:
    assert recorded.convolutions({}, Path("7")) == ALL_DIRECT
    with pytest.raises(CheckpointError, match="7 is torn"):
        recorded.convolutions({"convolutions": {"8x8": []}}, Path("7"))
