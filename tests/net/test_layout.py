"""Where arrays live: on one device, and, in a process that is made to have two, on both."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from cxrtui.net.layout import Layout
from tests.compilations import devices

# One step of a narrow network and its logits, on the first device and on both. A first step of Adam has the same size
# whatever the gradient, so that rounding alone may turn it round; SGD does not magnify rounding.
SCRIPT = """
import json
import jax, numpy as np
from cxrtui.data.loader import Batch
from cxrtui.evaluation.predict import Predictor
from cxrtui.net.layout import Layout
from cxrtui.settings import config
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.step import Program, compile_step
from tests.conftest import SMALL

settings = config.resolve(SMALL, {"optim.name": "sgd"})
images = np.random.default_rng(0).integers(0, 256, (8, 36, 36), dtype=np.uint8)
labels = np.arange(8, dtype=np.int32) % 2
for count in (1, 2):
    layout = Layout.over(jax.devices()[:count])
    hyper = layout.put_state(hyper_of(settings, np.ones(2, np.float32)).at(np.float32(0.1)))
    network = initial(settings, hyper, layout)
    program = Program.of(settings, network.graphdef, "none", layout)
    step = compile_step(program, network.state, hyper, batch_size=8, stored_size=36)
    batch = Batch(*layout.put_batch((images, labels)))
    state, scalars = step(network.state, batch, hyper)
    logits = Predictor(network.graphdef, 32, 36, 8, layout)(state.variables, images)
    devices = {len(leaf.sharding.device_set) for leaf in jax.tree.leaves((state, batch))}
    print(json.dumps([scalars.tolist(), logits.tolist(), sorted(devices)]))
"""


def test_a_layout_is_a_value() -> None:
    layout = Layout.over()
    assert layout == Layout.over(jax.devices()[:1])
    assert hash(layout) == hash(Layout.over())
    placed = layout.put_batch({"images": np.zeros((4, 2), np.uint8)})["images"]
    assert (placed.sharding, placed.dtype) == (layout.batch, np.uint8)
    abstract = layout.abstract_state({"kernel": jax.ShapeDtypeStruct((3,), np.float32)})["kernel"]
    assert (abstract.shape, abstract.sharding) == ((3,), layout.state)


@pytest.mark.slow
def test_two_devices_are_another_value_and_train_alike() -> None:
    changed = {**os.environ, **devices(2)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=changed, capture_output=True, text=True, check=True)
    one, both = map(json.loads, done.stdout.splitlines())
    assert (one[2], both[2]) == ([1], [2])
    for first, second in zip(one[:2], both[:2], strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-4)
