"""The originals' own networks with weights by formula: built, saved and run by the code that published them.

Flax's is the exception: transformers 5 has dropped its Flax classes, so the network here is written after them in
Flax Linen, with their names.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.formula import CLASSES, weight

os.environ.setdefault("KERAS_BACKEND", "jax")
STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")
Sizes = tuple[int, int, int, int]


@dataclass
class Original:
    """A network of another program.

    Attributes:
        save: writes its weights.
        evaluate: input ``[N, H, W, C]`` to logits (or pooled features) and pooled stages.
        train: one forward pass that moves the running averages.
        keys: of its file, with shapes.
        momentum: what of the running averages a step keeps.
        unbiased: whether the running variance is of the unbiased one.
    """

    file_name: str
    layout: str
    save: Callable[[Path], None]
    evaluate: Callable[[np.ndarray], tuple[np.ndarray, dict[str, np.ndarray]]]
    train: Callable[[np.ndarray], None]
    keys: dict[str, tuple[int, ...]] = field(default_factory=dict)
    momentum: float = 0.9
    unbiased: bool = True


def _torch(model: Any, file_name: str, save: Callable[[Path], None], taps: list[Any], logits: Any) -> Original:
    import torch

    state = model.state_dict()
    keys = {key: tuple(value.shape) for key, value in state.items()}
    model.load_state_dict({
        key: torch.from_numpy(weight(key, keys[key], "OIHW")) if value.is_floating_point() else value + 7
        for key, value in state.items()
    })  # fmt: skip
    found: dict[str, np.ndarray] = {}
    for name, tap in zip(STAGES, taps, strict=True):
        tap.register_forward_hook(
            lambda _m, _i, out, name=name: found.__setitem__(name, out.mean((2, 3)).detach().numpy())
        )

    def call(images: np.ndarray) -> Any:
        with torch.no_grad():
            return logits(model(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32))))

    def evaluate(images: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        model.eval()
        return call(images).numpy(), dict(found)

    def train(images: np.ndarray) -> None:
        model.train()
        call(images)

    return Original(file_name, "OIHW", save, evaluate, train, keys)


def torchvision(sizes: Sizes, channels: int = 3, file_name: str = "resnet50.pth") -> Original:
    import torch
    from torchvision.models.resnet import Bottleneck, ResNet

    model = ResNet(Bottleneck, list(sizes), num_classes=CLASSES)
    if channels == 1:  # as torchxrayvision.models.ResNet does it
        model.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    taps = [model.maxpool, model.layer1, model.layer2, model.layer3, model.layer4]
    return _torch(model, file_name, lambda path: torch.save(model.state_dict(), path), taps, lambda out: out)


def torchxrayvision(sizes: Sizes) -> Original:
    return torchvision(sizes, channels=1, file_name="xrv-resnet50.pt")


def timm(sizes: Sizes) -> Original:
    from safetensors.torch import save_file
    from timm.models.resnet import Bottleneck, ResNet

    model = ResNet(Bottleneck, sizes, num_classes=CLASSES)
    taps = [model.maxpool, model.layer1, model.layer2, model.layer3, model.layer4]
    return _torch(model, "model.safetensors", lambda path: save_file(model.state_dict(), path), taps, lambda out: out)


def transformers(sizes: Sizes) -> Original:
    from transformers import ResNetConfig, ResNetForImageClassification

    model = ResNetForImageClassification(ResNetConfig(depths=list(sizes), num_labels=CLASSES))
    taps = [model.resnet.embedder, *model.resnet.encoder.stages]

    def save(path: Path) -> None:
        model.save_pretrained(path.parent)
        assert path.name == "model.safetensors"

    return _torch(model, "model.safetensors", save, taps, lambda out: out.logits)


def keras(sizes: Sizes, file_name: str = "resnet50.weights.h5", top: bool = True) -> Original:
    import h5py
    import keras
    from keras.src.applications.resnet import ResNet, stack_residual_blocks_v1
    from keras.src.legacy.saving import legacy_h5_format

    def stack(x: Any) -> Any:
        for index, blocks in enumerate(sizes):
            x = stack_residual_blocks_v1(
                x, 64 * 2**index, blocks, stride1=1 if index == 0 else 2, name=f"conv{index + 2}"
            )
        return x

    model = ResNet(stack, False, True, weights=None, include_top=top, classes=CLASSES, input_shape=(64, 56, 3),
                   classifier_activation=None, pooling=None if top else "avg")  # fmt: skip
    keys = {}
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            keys[key] = tuple(variable.shape)
            variable.assign(weight(key, keys[key], "HWIO"))
    outs = ["pool1_pool", *(f"conv{index + 2}_block{blocks}_out" for index, blocks in enumerate(sizes))]
    taps = keras.Model(model.inputs, [model.output, *(model.get_layer(name).output for name in outs)])

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


def keras_h5(sizes: Sizes) -> Original:
    return keras(sizes, "resnet50_weights_tf_dim_ordering_tf_kernels.h5")


def radimagenet(sizes: Sizes) -> Original:
    return keras(sizes, "RadImageNet-ResNet50_notop.h5", top=False)


def flax(sizes: Sizes) -> Original:
    import jax
    from flax import linen, serialization, traverse_util

    class Layer(linen.Module):
        features: int
        size: int
        stride: int = 1
        relu: bool = True

        @linen.compact
        def __call__(self, x: Any, train: bool) -> Any:
            x = linen.Conv(self.features, (self.size, self.size), self.stride, self.size // 2, use_bias=False,
                           name="convolution")(x)  # fmt: skip
            x = linen.BatchNorm(not train, momentum=0.9, epsilon=1e-5, name="normalization")(x)
            return linen.relu(x) if self.relu else x

    class Inner(linen.Module):
        features: int
        stride: int

        @linen.compact
        def __call__(self, x: Any, train: bool) -> Any:
            x = Layer(self.features // 4, 1, name="0")(x, train)
            x = Layer(self.features // 4, 3, self.stride, name="1")(x, train)
            return Layer(self.features, 1, relu=False, name="2")(x, train)

    class Block(linen.Module):
        features: int
        stride: int

        @linen.compact
        def __call__(self, x: Any, train: bool) -> Any:
            shortcut = x
            if x.shape[-1] != self.features or self.stride != 1:
                shortcut = Layer(self.features, 1, self.stride, relu=False, name="shortcut")(x, train)
            return linen.relu(Inner(self.features, self.stride, name="layer")(x, train) + shortcut)

    class Blocks(linen.Module):
        features: int
        stride: int
        depth: int

        @linen.compact
        def __call__(self, x: Any, train: bool) -> Any:
            for index in range(self.depth):
                x = Block(self.features, self.stride if index == 0 else 1, name=str(index))(x, train)
            return x

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x: Any, train: bool) -> Any:
            x = _scope(self, ("resnet", "embedder", "embedder"), Layer, 64, 7, 2)(x, train)
            stages = [linen.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))]
            for index, depth in enumerate(sizes):
                features, stride = 256 * 2**index, 1 if index == 0 else 2
                path = ("resnet", "encoder", "stages", str(index), "layers")
                stages.append(_scope(self, path, Blocks, features, stride, depth)(stages[-1], train))
            pooled = stages[-1].mean((1, 2))
            return _scope(self, ("classifier", "1"), linen.Dense, CLASSES)(pooled), [s.mean((1, 2)) for s in stages]

    # Linen cannot name a child by a path, so a flat name stands for one until the file is written.
    def _scope(_parent: Any, path: tuple[str, ...], kind: Any, *arguments: Any) -> Any:
        return kind(*arguments, name="|".join(path))

    net = Net()
    shapes = jax.eval_shape(lambda: net.init(jax.random.key(0), np.zeros((1, 64, 64, 3), np.float32), False))
    flat = traverse_util.flatten_dict(shapes)
    keys = {".".join(part.replace("|", ".") for part in path[1:]): leaf.shape for path, leaf in flat.items()}
    values = {path: weight(key, leaf.shape, "HWIO") for (path, leaf), key in zip(flat.items(), keys, strict=True)}
    state: dict[str, Any] = {"tree": traverse_util.unflatten_dict(values)}

    def save(path: Path) -> None:
        flat = traverse_util.flatten_dict(state["tree"])
        tree = traverse_util.unflatten_dict({
            tuple(piece for part in name for piece in part.split("|")): np.asarray(value)
            for name, value in flat.items()
        })  # fmt: skip
        path.write_bytes(serialization.to_bytes(tree))

    def evaluate(images: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        logits, stages = jax.jit(lambda t, x: net.apply(t, x, False))(state["tree"], images.astype(np.float32))
        return np.asarray(logits), dict(zip(STAGES, map(np.asarray, stages), strict=True))

    def train(images: np.ndarray) -> None:
        _, moved = jax.jit(lambda t, x: net.apply(t, x, True, mutable=["batch_stats"]))(
            state["tree"], images.astype(np.float32)
        )
        state["tree"] = {**state["tree"], **moved}

    return Original("flax_model.msgpack", "HWIO", save, evaluate, train, keys, unbiased=False)


ORIGINALS: dict[str, Callable[[Sizes], Original]] = {
    "torchvision": torchvision,
    "timm": timm,
    "torchxrayvision": torchxrayvision,
    "transformers": transformers,
    "keras": keras,
    "keras_h5": keras_h5,
    "radimagenet": radimagenet,
    "flax": flax,
}
FLAVOUR = {"timm": "torchvision", "keras_h5": "keras"}
NEEDS = {"torchvision": "torchvision", "timm": "timm", "torchxrayvision": "torchvision", "transformers": "transformers",
         "keras": "keras", "keras_h5": "keras", "radimagenet": "keras", "flax": "flax"}  # fmt: skip
