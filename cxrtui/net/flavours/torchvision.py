"""torchvision and timm, which share keys and layouts; and torchxrayvision, which has one channel.

Sources: ``torchvision.models.resnet``, ``timm.models.resnet``; ``torchxrayvision.models.ResNet`` puts a one-channel
``conv1`` into torchvision's network and saves that network's state dict, and ``torchxrayvision.datasets.normalize``
takes pixels to [-1024, 1024].
"""

from __future__ import annotations

import dataclasses

from cxrtui.net.flavours.flavour import IMAGENET, Flavour, Normalisation

# What DataParallel and training loops put before a name; a checkpoint holds its state dict under one of the last.
_WRAPPERS = ("", "module.", "model.", "backbone.")
_CHECKPOINTS = ("", "state_dict.", "model.", "model_state_dict.", "net.")
PREFIXES = tuple(
    (prefix, prefix) for prefix in dict.fromkeys(outer + inner for outer in _CHECKPOINTS for inner in _WRAPPERS)
)
TORCH_LEAVES = {
    "conv": {"kernel": ".weight"},
    "norm": {"scale": ".weight", "bias": ".bias", "mean": ".running_mean", "var": ".running_var"},
    "head": {"kernel": ".weight", "bias": ".bias"},
}
TORCH_IGNORED = (r".*\.num_batches_tracked", r"(optimizer|optim|lr_scheduler|scheduler|scaler)\..*")

TORCHVISION = Flavour(
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
    prefixes=PREFIXES,
    ignored=TORCH_IGNORED,
    normalisation=IMAGENET,
)

TORCHXRAYVISION = dataclasses.replace(
    TORCHVISION,
    name="torchxrayvision",
    written_by="torchxrayvision",
    ignored=(*TORCH_IGNORED, r"(.*\.)?op_threshs"),
    channels=1,
    normalisation=Normalisation((1024.0,), (1.0,), scale=2048.0, order="grey"),
)
