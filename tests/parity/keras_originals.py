"""Keras applications' networks, of today and of 2016 to 2019, run by Keras 3 on JAX."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tests.parity.formula import CLASSES, frame, weight
from tests.parity.original import STAGES, Original, Sizes

os.environ.setdefault("KERAS_BACKEND", "jax")


def keras(sizes: Sizes, file_name: str = "resnet50.weights.h5", top: bool = True) -> Original:
    import keras
    from keras.src.applications.resnet import ResNet, stack_residual_blocks_v1

    def stack(x: Any) -> Any:
        for index, blocks in enumerate(sizes):
            x = stack_residual_blocks_v1(
                x, 64 * 2**index, blocks, stride1=1 if index == 0 else 2, name=f"conv{index + 2}"
            )
        return x

    model = ResNet(stack, False, True, weights=None, include_top=top, classes=CLASSES, classifier_activation=None,
                   input_shape=(*frame(sizes)[1:], 3), pooling=None if top else "avg")  # fmt: skip
    outs = ["pool1_pool", *(f"conv{index + 2}_block{blocks}_out" for index, blocks in enumerate(sizes))]
    original = _keras(model, [model.get_layer(name).output for name in outs], file_name)
    original.classes = CLASSES if top else 0
    original.prepare = lambda films: keras.applications.resnet.preprocess_input(255 * films)
    return original


def keras_h5(sizes: Sizes) -> Original:
    return keras(sizes, "resnet50_weights_tf_dim_ordering_tf_kernels.h5")


def radimagenet(sizes: Sizes) -> Original:
    """Keras's network, which RadImageNet trained; rescaled after the preprocessing, as in its published scripts."""
    original = keras(sizes, "RadImageNet-ResNet50_notop.h5", top=False)
    caffe = original.prepare
    original.prepare = lambda films: caffe(films) / 255
    return original


def keras2016(sizes: Sizes) -> Original:
    """``keras_applications.resnet50``, given Keras 3's layers as it lets Keras give its own.

    Where a smaller network is wanted, its identity blocks are passed over.
    """
    import keras
    from keras_applications import imagenet_utils, resnet50

    names = {f"{stage}{block}" for stage, blocks in enumerate(sizes, start=2) for block in "abcdef"[:blocks]}
    whole = resnet50.identity_block

    def identity_block(x: Any, kernel_size: int, filters: list[int], stage: int, block: str) -> Any:
        return whole(x, kernel_size, filters, stage, block) if f"{stage}{block}" in names else x

    modules = {"backend": keras.backend, "layers": keras.layers, "models": keras.models, "utils": keras.utils}
    with mock.patch.object(resnet50, "identity_block", identity_block):
        model = resnet50.ResNet50(weights=None, classes=CLASSES, input_shape=(*frame(sizes)[1:], 3), **modules)
    model.get_layer("fc1000").activation = keras.activations.linear  # logits, where it gives probabilities
    ends = [model.get_layer(f"bn{stage}{'abcdef'[blocks - 1]}_branch2c") for stage, blocks in enumerate(sizes, start=2)]
    outs = [model.layers[[layer.name for layer in model.layers].index("pool1_pad") + 1].output, *map(_block_end, ends)]
    original = _keras(model, outs, "resnet50_weights_tf_dim_ordering_tf_kernels.h5")
    original.prepare = lambda films: imagenet_utils.preprocess_input(255 * films, mode="caffe", **modules)
    return original


def _block_end(norm: Any) -> Any:
    """What the ReLU behind the sum behind a block's last batch normalisation gives."""
    (added,) = (node.operation for node in norm._outbound_nodes)
    (relu,) = (node.operation for node in added._outbound_nodes)
    return relu.output


def _keras(model: Any, outs: list[Any], file_name: str) -> Original:
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    keys = {}
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            keys[key] = tuple(variable.shape)
            variable.assign(weight(key, keys[key], "HWIO"))
    taps = keras.Model(model.inputs, [model.output, *outs])

    def evaluate(images: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        logits, *stages = (np.asarray(out) for out in taps(images.astype(np.float32), training=False))
        return logits, {name: out.mean((1, 2)) for name, out in zip(STAGES, stages, strict=True)}

    def save(path: Path) -> None:
        if path.name.endswith(".weights.h5"):
            model.save_weights(path)
            return
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)

    def train(images: np.ndarray) -> None:
        model(images.astype(np.float32), training=True)

    return Original(file_name, "HWIO", save, evaluate, train, keys, momentum=0.99, unbiased=False)
