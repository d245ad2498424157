"""The classifier and its spec."""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.net.classifier import Classifier, ClassifierSpec, create
from cxrtui.net.layers import Dropout
from tests.net.compiled import run


def test_spec_survives_json() -> None:
    spec = ClassifierSpec(hidden=(64, 32), freeze="stage2", dtype="bfloat16", stem_offset=True)
    assert ClassifierSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec
    with pytest.raises(TypeError, match="depth"):
        ClassifierSpec.from_dict({"depth": 50})
    assert ClassifierSpec.from_dict({**spec.as_dict(), "dropout": 0.3}) == spec  # as older versions wrote it


@pytest.mark.parametrize(
    "wrong",
    [{"freeze": "stage5"}, {"dtype": "int8"}, {"hidden": (0,)}, {"stage_sizes": (1, 1)}],
)
def test_spec_refuses_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClassifierSpec(**wrong)


@pytest.mark.parametrize(("hidden", "parameters"), [((256,), 2048 * 256 + 256 + 256 * 2 + 2), ((), 2048 * 2 + 2)])
def test_head_size(hidden: tuple[int, ...], parameters: int) -> None:
    network = nnx.eval_shape(lambda: Classifier(ClassifierSpec(hidden=hidden), nnx.Rngs(0)))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network.head))) == parameters


def test_logits_and_dropout(tiny: ClassifierSpec) -> None:
    network = create(tiny)
    images = jax.random.normal(jax.random.key(0), (3, 32, 32, 1))
    logits = run(network, images)
    assert (logits.shape, logits.dtype) == ((3, 2), jnp.float32)
    half, other, most = (
        Dropout(jax.random.key(seed), jnp.float32(rate)) for seed, rate in ((1, 0.5), (2, 0.5), (1, 0.9))
    )
    np.testing.assert_array_equal(logits, run(network, images, dropout=half))  # not in evaluation

    first = run(network, images, train=True, dropout=half)
    np.testing.assert_array_equal(first, run(network, images, train=True, dropout=half))
    assert not np.array_equal(first, run(network, images, train=True, dropout=other))
    assert not np.array_equal(first, run(network, images, train=True, dropout=most))
    assert not np.array_equal(first, run(network, images, train=True))


def test_create_depends_on_the_seed_alone(tiny: ClassifierSpec) -> None:
    first, again, other = (jax.tree.leaves(nnx.state(create(tiny, seed))) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
