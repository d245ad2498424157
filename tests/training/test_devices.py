"""Several devices: batches that they cannot share are refused, and a checkpoint does not depend on their number."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from cxrtui.errors import ConfigError
from cxrtui.net.layout import Layout
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import resumed
from cxrtui.weights.checkpoints import Checkpoints
from tests.compilations import devices
from tests.conftest import SMALL

# A child process has two devices.
TWO = devices(2)

# One step on two devices, a checkpoint of it in the first folder, and its arrays in the file.
SAVER = """
import pathlib, sys
import jax, numpy as np
from cxrtui.data.loader import Batch
from cxrtui.net.layout import Layout
from cxrtui.settings import config
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.step import Program, compile_step
from cxrtui.weights import recorded
from cxrtui.weights.checkpoints import Checkpoints
from tests.conftest import SMALL

settings = config.resolve(SMALL)
layout = Layout.over(jax.devices())
hyper = layout.put_state(hyper_of(settings, np.ones(2, np.float32)).at(np.float32(1e-3)))
network = initial(settings, hyper, layout)
program = Program.of(settings, network.graphdef, "none", layout)
images = np.random.default_rng(0).integers(0, 256, (8, 36, 36), dtype=np.uint8)
batch = Batch(*layout.put_batch((images, np.arange(8, dtype=np.int32) % 2)))
step = compile_step(program, network.state, hyper, batch_size=8, stored_size=36)
state, _ = step(network.state, batch, hyper)
assert {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(state)} == {2}
checkpoints = Checkpoints(pathlib.Path(sys.argv[1]))
about = {"step": 1, "epoch": 1, "spec": network.spec.as_dict(), "settings": recorded.settings(settings)}
checkpoints.save(1, state.variables, state.optimizer, about)
checkpoints.close()
np.savez(sys.argv[2], *map(np.asarray, jax.tree.leaves(state)))
"""

# Training asked for with a batch that two devices cannot share.
REFUSED = """
import pathlib, sys
import jax
from cxrtui.errors import ConfigError
from cxrtui.evaluation.predict import Predictor
from cxrtui.net.layout import Layout
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.training.fit import fit
from tests.conftest import SMALL

layout = Layout.over(jax.devices())
settings = config.resolve(SMALL, {"optim.batch_size": 9, "data.source": "nowhere"})
run = Run(pathlib.Path(sys.argv[1]))
for begin in (lambda: next(fit(settings, run, layout=layout)), lambda: Predictor(None, 32, 36, 5, layout)):
    try:
        begin()
    except ConfigError as error:
        print(error)
"""


def child(script: str, *arguments: Path) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **TWO}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("size", "nearest"), [(1, "2"), (9, "8 or 10")])
def test_a_batch_that_the_devices_cannot_share_is_refused(size: int, nearest: str) -> None:
    mesh = jax.sharding.AbstractMesh((2,), ("batch",))
    layout = Layout(mesh)  # type: ignore[arg-type]
    layout.check_batch(8, "optim.batch_size")
    with pytest.raises(ConfigError, match=f"optim.batch_size is {size}, .* among 2 devices; set it to {nearest}, or"):
        layout.check_batch(size, "optim.batch_size")


def test_one_device_takes_every_batch() -> None:
    for size in (1, 7, 32):
        Layout.over().check_batch(size, "optim.batch_size")


@pytest.mark.slow
def test_training_and_evaluation_refuse_it_before_they_read_a_film(new_run: Callable[..., Run]) -> None:
    training, evaluation = child(REFUSED, new_run().folder).splitlines()
    assert training.startswith("optim.batch_size is 9, and 9 films cannot be divided equally among 2 devices; set it")
    assert evaluation.startswith("The batch of evaluation is 5, ")


@pytest.mark.slow
def test_a_checkpoint_of_two_devices_is_restored_on_one_with_the_same_values(tmp_path: Path) -> None:
    folder, arrays = tmp_path / "state", tmp_path / "arrays.npz"
    child(SAVER, folder, arrays)
    settings, layout = config.resolve(SMALL), Layout.over()
    hyper = layout.put_state(hyper_of(settings, np.ones(2, np.float32)).at(np.float32(1e-3)))
    checkpoints = Checkpoints(folder, read_only=True)
    leaves = jax.tree.leaves(resumed(settings, hyper, layout, checkpoints, 1).state)
    assert {len(leaf.sharding.device_set) for leaf in leaves} == {1}
    with np.load(arrays) as saved:
        assert len(leaves) == len(saved.files)
        for leaf, name in zip(leaves, saved.files, strict=True):
            np.testing.assert_array_equal(leaf, saved[name])
            assert leaf.dtype == saved[name].dtype
