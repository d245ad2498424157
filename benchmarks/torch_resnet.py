"""A ResNet-50 in PyTorch with torchvision's keys, the peer of several benchmarks, and what is ported from it.

python benchmarks/torch_resnet.py    # how far the features and logits of ported weights are from PyTorch's
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cxrtui.net import backend
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.resnet import normalise
from cxrtui.weights import backbone
from cxrtui.weights.formats import IMAGENET

SIZES = (3, 4, 6, 3)


def torch_network(channels: int = 1, classes: int = 2, hidden: int | None = 256) -> Any:
    """ResNet-50 v1.5 in PyTorch with torchvision's keys; without ``hidden``, one dense layer ``fc``."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self, inputs: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(4 * width)
            self.downsample = None
            if stride > 1 or inputs != 4 * width:
                projection = nn.Conv2d(inputs, 4 * width, 1, stride, bias=False)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

        def forward(self, x: Any) -> Any:
            y = self.bn1(self.conv1(x)).relu_()
            y = self.bn2(self.conv2(y)).relu_()
            return (self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x))).relu_()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.pool = nn.MaxPool2d(3, 2, 1)
            inputs = 64
            for stage, count in enumerate(SIZES):
                width, blocks = 64 * 2**stage, []
                for index in range(count):
                    blocks.append(Block(inputs, width, 2 if stage and not index else 1))
                    inputs = 4 * width
                setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
            self.fc = (
                nn.Sequential(nn.Linear(2048, hidden), nn.ReLU(), nn.Linear(hidden, classes))
                if hidden
                else nn.Linear(2048, classes)
            )

        def features(self, x: Any) -> Any:
            x = self.pool(self.bn1(self.conv1(x)).relu_())
            return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))

        def forward(self, x: Any) -> Any:
            return self.fc(self.features(x))

    return Network()


def parity() -> None:
    """Save a PyTorch ResNet-50 with random weights and lively statistics, port it, and compare features and logits."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network = torch_network(channels=3, classes=1000, hidden=None)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.3)
    pixels = torch.rand(2, 1, 97, 130)  # odd and oblong: borders differ
    mean, std = (torch.tensor(v, dtype=torch.float32).reshape(1, 3, 1, 1) for v in (IMAGENET.mean, IMAGENET.std))
    rgb = (pixels.expand(-1, 3, -1, -1) - mean) / std
    with torch.no_grad():
        for step in range(20):  # moves the running averages to where activations neither die nor explode
            network.train()(rgb * (1 + step / 10))
        expected, logits = network.eval().features(rgb).numpy(), network(rgb).numpy()

    ours = create(ClassifierSpec())
    with tempfile.TemporaryDirectory() as folder:
        save_file(network.state_dict(), Path(folder) / "torch.safetensors")
        backbone.load_torchvision(ours, Path(folder) / "torch.safetensors")
    graphdef, state = nnx.split(ours.backbone)
    images = normalise(jnp.asarray(pixels.numpy().transpose(0, 2, 3, 1)))
    features = np.asarray(jax.jit(lambda state: nnx.merge(graphdef, state).stages(images)["stage4"])(state))
    head = network.fc.weight.detach().numpy(), network.fc.bias.detach().numpy()
    for name, a, b in (("features", features, expected), ("logits", features @ head[0].T + head[1][None], logits)):
        print(f"{name} against PyTorch: largest difference {np.abs(a - b).max() / np.abs(b).max():.1e} of the largest")


if __name__ == "__main__":
    backend.prepare()
    parity()
