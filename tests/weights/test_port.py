"""Ported weights: exact, or one error that says everything."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import Classifier, ClassifierSpec, create
from cxrtui.net.convolution import convolve
from cxrtui.net.resnet import ResNet50, normalise
from cxrtui.weights.backbone import load_torchvision
from cxrtui.weights.formats import IMAGENET
from tests.net.compiled import run
from tests.weights.torchvision_file import Tensors, saved, torchvision_tensors

WIDTH, SIZES = 8, (2, 1, 1, 1)


@pytest.fixture
def tensors() -> Tensors:
    return torchvision_tensors(WIDTH, SIZES)


def classifier() -> Classifier:
    return create(ClassifierSpec(width=WIDTH, stage_sizes=SIZES, hidden=()))


@jax.jit
def _backbone() -> tuple[nnx.GraphDef[ResNet50], nnx.State]:
    return nnx.split(ResNet50(channels=3, width=WIDTH, stage_sizes=SIZES, rngs=nnx.Rngs(1)))


def backbone() -> ResNet50:
    return nnx.merge(*_backbone(), copy=True)


def grey_pixels() -> jnp.ndarray:
    return jnp.asarray(np.random.default_rng(1).uniform(0, 1, (2, 45, 52, 1)).astype(np.float32))


def as_rgb(pixels: jnp.ndarray) -> jnp.ndarray:
    rgb = (np.repeat(np.asarray(pixels, np.float64), 3, axis=-1) - IMAGENET.mean) / IMAGENET.std
    return jnp.asarray(rgb.astype(np.float32))


@pytest.mark.slow
def test_the_folded_network_is_the_rgb_network_borders_included(tensors: Tensors, tmp_path: Path) -> None:
    path = saved(tensors, tmp_path)
    grey, rgb = classifier(), backbone()
    head = np.asarray(grey.head.layers[0].kernel[...])
    load_torchvision(grey, path)
    load_torchvision(rgb, path)
    pixels = grey_pixels()

    kernel = jnp.asarray(tensors["conv1.weight"].transpose(2, 3, 1, 0))
    expected = convolve(as_rgb(pixels), kernel, 2, 3)
    stem = grey.backbone.stem
    images = normalise(pixels)
    border = convolve(jnp.ones((1, 45, 52, 1)), stem.offset[...], 2, 3)
    folded = stem.conv(images) + jnp.broadcast_to(border, expected.shape)
    np.testing.assert_allclose(folded, expected, atol=1e-5)
    # A bias alone would not do: the border differs from the middle.
    assert float(jnp.abs(border[0, 0, 0] - border[0, 10, 10]).max()) > 1e-2

    ours = run(grey.backbone, images, method="stages")
    theirs = run(rgb, as_rgb(pixels), method="stages")
    for name, pooled in theirs.items():
        np.testing.assert_allclose(ours[name], pooled, atol=2e-5, err_msg=name)
    np.testing.assert_array_equal(grey.head.layers[0].kernel[...], head)


def test_every_value_lands_where_it_belongs(tensors: Tensors, tmp_path: Path) -> None:
    network = backbone()
    load_torchvision(network, saved(tensors, tmp_path))
    block = network.stage1.blocks[1]
    np.testing.assert_array_equal(block.conv2.kernel[...], tensors["layer1.1.conv2.weight"].transpose(2, 3, 1, 0))
    norm = network.stage3.blocks[0].norm_shortcut
    for value, name in ((norm.scale, "weight"), (norm.bias, "bias"), (norm.mean, "running_mean"),
                        (norm.var, "running_var")):  # fmt: skip
        np.testing.assert_array_equal(value[...], tensors[f"layer3.0.downsample.1.{name}"])


def test_the_spec_then_describes_the_folded_network(tensors: Tensors, tmp_path: Path) -> None:
    network = classifier()
    load_torchvision(network, saved(tensors, tmp_path))
    state = nnx.state(network)
    assert network.spec.stem_offset
    again = create(network.spec, seed=5)
    nnx.update(again, state)
    images = normalise(grey_pixels())
    np.testing.assert_array_equal(run(network, images), run(again, images))


def test_half_precision_files_load(tensors: Tensors, tmp_path: Path) -> None:
    for dtype in (np.float16, jnp.bfloat16):
        halves = {key: value.astype(dtype) if value.dtype == np.float32 else value
                  for key, value in tensors.items()}  # fmt: skip
        network = classifier()
        load_torchvision(network, saved(halves, tmp_path))
        mean = network.backbone.stem.norm.mean[...]
        assert mean.dtype == jnp.float32
        np.testing.assert_allclose(mean, tensors["bn1.running_mean"], atol=1e-2)


def test_all_misfits_are_in_one_error(tensors: Tensors, tmp_path: Path) -> None:
    del tensors["bn1.running_var"], tensors["layer2.0.conv1.weight"]
    tensors["classifier.weight"] = np.zeros(3, np.float32)
    tensors["layer1.0.conv1.weight"] = np.zeros((8, 9, 1, 1), np.float32)
    tensors["layer4.0.bn2.bias"] = tensors["layer4.0.bn2.bias"].astype(np.int32)
    tensors["layer4.0.bn3.bias"][0] = np.nan
    network = classifier()
    before = np.asarray(network.backbone.stem.conv.kernel[...])
    with pytest.raises(WeightsError) as caught:
        load_torchvision(network, saved(tensors, tmp_path))
    message = str(caught.value)
    assert "2 missing (bn1.running_var, layer2.0.conv1.weight)" in message
    assert "1 extra (classifier.weight)" in message
    assert "layer1.0.conv1.weight is [8, 9, 1, 1], not [8, 8, 1, 1]" in message
    assert "layer4.0.bn2.bias holds int32" in message
    assert "layer4.0.bn3.bias holds NaN" in message
    np.testing.assert_array_equal(network.backbone.stem.conv.kernel[...], before)  # nothing half loaded


def test_a_head_that_is_not_ignored_is_extra(tensors: Tensors, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"2 extra \(fc\.bias, fc\.weight\)"):
        load_torchvision(classifier(), saved(tensors, tmp_path), ignore=())


def test_a_one_channel_file_is_misshapen(tensors: Tensors, tmp_path: Path) -> None:
    tensors["conv1.weight"] = tensors["conv1.weight"][:, :1]
    with pytest.raises(WeightsError, match=r"conv1\.weight is \[8, 1, 7, 7\], not \[8, 3, 7, 7\]"):
        load_torchvision(classifier(), saved(tensors, tmp_path))


@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "text", "torn"])
def test_unreadable_files(tensors: Tensors, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "weights.safetensors"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not weights at all")
    elif kind == "torn":
        path.write_bytes(saved(tensors, tmp_path).read_bytes()[:5000])
    expected = {
        "torn": "not a complete safetensors file.*fetch", "empty": "no file of weights but empty",
        "text": "no file of weights but text", "folder": "is a folder; name the file",
        "missing": "There is no weights file.*fetch",
    }[kind]  # fmt: skip
    with pytest.raises(WeightsError, match=expected) as caught:
        load_torchvision(classifier(), path)
    assert caught.value.exit_code == 4
