"""A run on 1, 2, 3 and 8 devices is the same run but for rounding, and a checkpoint does not depend on their number.

One child process, which is made to have eight devices, trains all runs (`on_devices`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
from click.testing import CliRunner

from cxrtui.cli import cli
from cxrtui.errors import ConfigError
from cxrtui.net.layout import Layout
from tests.compilations import devices

# Of float32's 2^-24 = 6e-8: sums over shards are rounded in another order, which SGD magnifies from step to step.
ROUNDING = 5e-6


@pytest.fixture(scope="module")
def runs(phantom_films: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("devices")
    command = [sys.executable, "-m", "tests.training.on_devices", str(phantom_films), str(folder)]
    done = subprocess.run(command, env={**os.environ, **devices(8)}, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("size", "nearest"), [(1, "2"), (9, "8 or 10")])
def test_a_batch_that_the_devices_cannot_share_is_refused(size: int, nearest: str) -> None:
    devices = np.asarray([SimpleNamespace(process_index=0)] * 2)
    layout = Layout(SimpleNamespace(devices=devices, size=2))  # type: ignore[arg-type]
    layout.check_batch(8, "optim.batch_size")
    with pytest.raises(ConfigError, match=f"optim.batch_size is {size}, .* among 2 devices; set it to {nearest}, or"):
        layout.check_batch(size, "optim.batch_size")


def test_one_device_takes_every_batch() -> None:
    for size in (1, 7, 32):
        Layout.over().check_batch(size, "optim.batch_size")


def test_more_devices_than_there_are_is_refused() -> None:
    there = jax.local_device_count()
    with pytest.raises(ConfigError, match=f"{there + 1} devices are asked for, and JAX finds {there} here"):
        Layout.choose(there + 1)


@pytest.mark.parametrize("words", [["--devices", "0"], ["--devices", "half"], ["--devices", "5"]])
def test_a_number_that_cannot_share_the_batch_is_refused_before_a_run_is_made(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    data = ["train", "--data", str(tmp_path / "films"), "--init", "random"]
    answer = CliRunner().invoke(cli, ["--workspace", str(tmp_path), "--headless", *data, *words])
    assert "among 5 devices; set it to 30 or 35" in str(answer.exception) or "neither all nor" in answer.output
    assert not (tmp_path / "checkpoints").exists()


@pytest.mark.slow
@pytest.mark.parametrize("count", ["2", "8"])
def test_a_run_on_several_devices_is_that_on_one_but_for_rounding(runs: dict[str, Any], count: str) -> None:
    one, several = runs["1"], runs[count]
    assert (one["devices"], several["devices"]) == ([1, 1], [int(count)] * 2)
    late = {"films-late"}  # is warned of where the machine is busy
    assert one["warned"].keys() - late == several["warned"].keys() - late
    for name in ("losses", "norms", "validation", "test"):
        assert len(one[name]) > 0
        np.testing.assert_allclose(several[name], one[name], rtol=ROUNDING, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3])
def test_a_checkpoint_of_eight_devices_goes_on_on_others(runs: dict[str, Any], count: int) -> None:
    resumed = runs[f"resumed on {count}"]
    assert resumed["devices"] == [count, count]
    assert "written on 8 devices, and" in resumed["warned"]["other-devices"]
    losses = runs["first"]["losses"] + resumed["losses"]
    np.testing.assert_allclose(losses, runs["8"]["losses"], rtol=ROUNDING)
    np.testing.assert_allclose(resumed["test"], runs["8"]["test"], rtol=ROUNDING)


@pytest.mark.slow
def test_features_of_frozen_groups_are_those_of_one_device(runs: dict[str, Any]) -> None:
    one, eight = (runs[f"features on {count}"] for count in (1, 8))
    assert (one["devices"], eight["devices"]) == ([1, 1], [8, 8])
    assert one["places"] == eight["places"] == ["device"]
    for name in ("losses", "validation"):
        np.testing.assert_allclose(eight[name], one[name], rtol=ROUNDING, err_msg=name)


@pytest.mark.slow
def test_films_are_evaluated_and_classified_alike(runs: dict[str, Any]) -> None:
    one, eight = (runs[f"predicted on {count}"] for count in (1, 8))
    assert (one["devices"], eight["devices"]) == (1, 8)
    for name in ("evaluated", "classified"):
        np.testing.assert_allclose(eight[name], one[name], rtol=ROUNDING, err_msg=name)


@pytest.mark.slow
def test_devices_that_cannot_share_the_batch_stay_idle_and_the_log_says_so(runs: dict[str, Any]) -> None:
    assert runs["idle"].startswith("5 of 8 devices train, for a batch of 20 films cannot be divided equally among more")
    assert runs["idle"].endswith("with optim.batch_size 16 or 24 all would.")
