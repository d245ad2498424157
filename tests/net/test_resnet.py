"""The backbone: its size to the parameter, its shapes, its start."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.net.resnet import GREY_MEAN, GROUPS, ResNet50, normalise
from tests.net.compiled import run

# With an RGB stem, as published.
BACKBONE = 23_508_032


def count(abstract: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(abstract, nnx.Param)))


def test_parameter_counts_are_exact() -> None:
    rgb = nnx.eval_shape(lambda: ResNet50(channels=3, rngs=nnx.Rngs(0)))  # allocates nothing
    assert count(rgb) == BACKBONE
    fc = nnx.eval_shape(lambda: nnx.Linear(rgb.features, 1000, rngs=nnx.Rngs(0)))
    assert count(rgb) + count(fc) == 25_557_032
    grey = nnx.eval_shape(lambda: ResNet50(rngs=nnx.Rngs(0)))
    assert count(grey) == BACKBONE - 2 * 7 * 7 * 64
    folded = nnx.eval_shape(lambda: ResNet50(offset=True, rngs=nnx.Rngs(0)))
    assert count(folded) == BACKBONE - 7 * 7 * 64


def test_the_stride_of_a_stage_is_in_its_3x3() -> None:
    network = nnx.eval_shape(lambda: ResNet50(rngs=nnx.Rngs(0)))
    for stage, stride in zip(GROUPS[1:], (1, 2, 2, 2), strict=True):
        first = getattr(network, stage).blocks[0]
        assert (first.conv1.stride, first.conv2.stride, first.conv_shortcut.stride) == (1, stride, stride)


def test_stage_shapes_at_224() -> None:
    images = jax.ShapeDtypeStruct((2, 224, 224, 1), jnp.float32)
    network = nnx.eval_shape(lambda: ResNet50(rngs=nnx.Rngs(0)))
    graphdef, state = nnx.split(network)
    outputs = jax.eval_shape(lambda state, images: nnx.merge(graphdef, state).outputs(images), state, images)
    assert [outputs[name].shape[1:] for name in GROUPS] == [
        (56, 56, 64),
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 1024),
        (7, 7, 2048),
    ]


@pytest.fixture(scope="module")
def small() -> ResNet50:
    create = jax.jit(lambda: nnx.split(ResNet50(width=8, stage_sizes=(1, 1, 1, 1), rngs=nnx.Rngs(0))))
    return nnx.merge(*create(), copy=True)


def test_pooled_stages(small: ResNet50) -> None:
    stages = run(small, jnp.ones((2, 37, 50, 1)), method="stages")  # odd sizes too
    assert {name: pooled.shape for name, pooled in stages.items()} == {
        "stem": (2, 8),
        "stage1": (2, 32),
        "stage2": (2, 64),
        "stage3": (2, 128),
        "stage4": (2, 256),
    }
    assert all(pooled.dtype == jnp.float32 for pooled in stages.values())


def test_a_random_start_makes_each_block_its_shortcut(small: ResNet50) -> None:
    block = small.stage1.blocks[0]
    features = jnp.abs(jax.random.normal(jax.random.key(0), (1, 6, 6, 8)))
    shortcut = block.norm_shortcut(block.conv_shortcut(features), train=False)
    np.testing.assert_allclose(block(features, train=False), jax.nn.relu(shortcut), atol=1e-6)


def test_bfloat16_keeps_parameters_and_statistics_in_float32() -> None:
    def step(images: jax.Array) -> tuple[jax.Array, nnx.State]:
        network = ResNet50(width=8, stage_sizes=(1, 1, 1, 1), dtype="bfloat16", rngs=nnx.Rngs(0))
        return network(images, train=True), nnx.state(network)

    features, state = jax.eval_shape(step, jnp.ones((2, 32, 32, 1)))
    assert features.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {jnp.dtype("float32")}


def test_normalise_centres_pixels() -> None:
    np.testing.assert_allclose(normalise(jnp.array([GREY_MEAN])), [0.0], atol=1e-6)
    assert normalise(jnp.zeros(1, jnp.bfloat16)).dtype == jnp.float32


@pytest.mark.parametrize("wrong", [{"dtype": "float16"}, {"stage_sizes": (1, 2, 3)}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ResNet50(rngs=nnx.Rngs(0), **wrong)
