"""Describes torchvision and timm, which share keys and layouts, and torchxrayvision, which has one channel.

Sources: ``torchvision.models.resnet``, ``timm.models.resnet``; ``torchxrayvision.models.ResNet`` puts a one-channel
``conv1`` into torchvision's network and saves that network's state dict, and ``torchxrayvision.datasets.normalize``
takes pixels to [-1024, 1024].
"""

from __future__ import annotations

import dataclasses

from cxrtui.weights.formats.format import IMAGENET, Format, Normalisation

TORCH_LEAVES = {
    "conv": {"kernel": ".weight", "bias": ".bias"},  # torchvision's convolutions have no bias, but others' may
    "norm": {"scale": ".weight", "bias": ".bias", "mean": ".running_mean", "var": ".running_var"},
    "head": {"kernel": ".weight", "bias": ".bias"},
}
TORCH_IGNORED = (r".*\.num_batches_tracked",)

TORCHVISION = Format(
    name="torchvision",
    written_by="torchvision or timm",
    names={
        "stem_conv": "conv1",
        "stem_norm": "bn1",
        "conv": "layer{s}.{b}.conv{u}",
        "norm": "layer{s}.{b}.bn{u}",
        "conv_shortcut": "layer{s}.{b}.downsample.0",
        "norm_shortcut": "layer{s}.{b}.downsample.1",
        "head": "fc",
    },
    leaves=TORCH_LEAVES,
    ignored=TORCH_IGNORED,
    normalisation=IMAGENET,
)

# CheXNet and fastai save ``nn.Sequential(*resnet.children())``.
SEQUENTIAL = dataclasses.replace(
    TORCHVISION,
    name="sequential",
    written_by="torchvision's children in an nn.Sequential",
    names={
        "stem_conv": "0",
        "stem_norm": "1",
        "conv": "{s3}.{b}.conv{u}",
        "norm": "{s3}.{b}.bn{u}",
        "conv_shortcut": "{s3}.{b}.downsample.0",
        "norm_shortcut": "{s3}.{b}.downsample.1",
        "head": "fc",
    },
)

TORCHXRAYVISION = dataclasses.replace(
    TORCHVISION,
    name="torchxrayvision",
    written_by="torchxrayvision",
    channels=1,
    normalisation=Normalisation((1024.0,), (1.0,), scale=2048.0, order="grey"),
)
