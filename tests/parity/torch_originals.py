"""torchvision's, timm's, torchxrayvision's and transformers' networks, run by torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from tests.parity.formula import CLASSES, weight
from tests.parity.original import STAGES, Original, Sizes


def _torch(
    model: Any, file_name: str, save: Callable[[Path], object], taps: list[Any], head: Any, run: Any = None,
    **options: Any,
) -> Original:  # fmt: skip
    """`model`, or `run` around it, called as a whole; stages and logits are what comes out of `taps` and `head`."""
    import torch

    state = model.state_dict()
    keys = {key: tuple(value.shape) for key, value in state.items()}
    model.load_state_dict(by_formula(state))
    found: dict[str, np.ndarray] = {}

    def listen(name: str, module: Any, told: Callable[[Any], Any]) -> None:
        module.register_forward_hook(lambda _m, _i, out: found.__setitem__(name, told(out).detach().numpy()))

    for name, tap in zip(STAGES, taps, strict=True):
        listen(name, tap, lambda out: out.mean((2, 3)))
    listen("logits", head, lambda out: out)

    def call(images: np.ndarray) -> None:
        with torch.no_grad():
            (run or model)(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)))

    def evaluate(images: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        model.eval()
        call(images)
        stages = dict(found)
        return stages.pop("logits"), stages

    def train(images: np.ndarray) -> None:
        model.train()
        call(images)

    return Original(file_name, "OIHW", save, evaluate, train, keys, **options)


def by_formula(state: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {
        key: torch.from_numpy(weight(key, tuple(value.shape), "OIHW")) if value.is_floating_point() else value + 7
        for key, value in state.items()
    }


def import_torchvision() -> Any:
    """torchvision, also where it was built for CUDA beside a torch for the CPU.

    Its compiled operators cannot be loaded then. No ResNet uses them; that they are declared is enough for the import.
    """
    import torch

    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
        return importlib.import_module("torchvision")


_KEPT: list[Any] = []  # a library's declarations end with it


def _stages(model: Any) -> list[Any]:
    return [model.maxpool, model.layer1, model.layer2, model.layer3, model.layer4]


def torchvision(sizes: Sizes) -> Original:
    import torch

    models = import_torchvision().models
    model = models.ResNet(models.resnet.Bottleneck, list(sizes), num_classes=CLASSES)
    how = models.ResNet50_Weights.IMAGENET1K_V1.transforms()

    def prepare(films: np.ndarray) -> np.ndarray:
        return (films - np.array(how.mean)) / np.array(how.std)

    return _torch(model, "resnet50.pth", lambda path: torch.save(model.state_dict(), path), _stages(model), model.fc,
                  prepare=prepare)  # fmt: skip


def torchxrayvision(sizes: Sizes) -> Original:
    """Their wrapper of ``resnet50-res512-all``, which loads its weights file as it does a published one.

    It makes whole networks only, so a smaller one is put into the place of the network that it asks torchvision for.
    """
    vision = import_torchvision()
    with contextlib.redirect_stdout(io.StringIO()):
        import torch
        import torchxrayvision as xrv

    def small(num_classes: int, weights: None) -> Any:
        return vision.models.ResNet(vision.models.resnet.Bottleneck, list(sizes), num_classes=num_classes)

    name = "resnet50-res512-all"
    file_name = Path(xrv.models.model_urls[name]["weights_url"]).name
    labels = len(xrv.models.model_urls[name]["labels"])
    with tempfile.TemporaryDirectory() as cache, mock.patch.object(vision.models, "resnet50", small):
        state = small(labels, None).state_dict()
        state["conv1.weight"] = state["conv1.weight"][:, :1]
        torch.save(by_formula(state), Path(cache) / file_name)
        wrapper = xrv.models.ResNet(name, cache_dir=cache)
    model = wrapper.model

    def prepare(films: np.ndarray) -> np.ndarray:
        images: np.ndarray = xrv.utils.normalize(films * 255, 255).astype(np.float64)
        return images

    # Its own forward pass wants squares of 512 and thresholds what comes out, which is no part of the file.
    def run(images: Any) -> Any:
        return wrapper(images) if images.shape[-2:] == (512, 512) else model(images)

    return _torch(model, file_name, lambda path: torch.save(model.state_dict(), path), _stages(model), model.fc, run,
                  prepare=prepare, side=512, classes=labels)  # fmt: skip


def timm(sizes: Sizes) -> Original:
    from safetensors.torch import save_file

    import_torchvision()
    from timm.models.resnet import Bottleneck, ResNet

    model = ResNet(Bottleneck, sizes, num_classes=CLASSES)
    return _torch(model, "model.safetensors", lambda path: save_file(model.state_dict(), path), _stages(model),
                  model.fc)  # fmt: skip


def transformers(sizes: Sizes) -> Original:
    import_torchvision()
    from transformers import ResNetConfig, ResNetForImageClassification

    model = ResNetForImageClassification(ResNetConfig(depths=list(sizes), num_labels=CLASSES))
    taps = [model.resnet.embedder, *model.resnet.encoder.stages]
    return _torch(model, "model.safetensors", lambda path: model.save_pretrained(path.parent), taps, model.classifier)
