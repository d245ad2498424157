"""Describes Hugging Face transformers: its torch classes as safetensors, and its Flax classes as msgpack.

Sources: ``transformers.models.resnet.modeling_resnet`` and ``modeling_flax_resnet``; their preprocessor uses
ImageNet's means and deviations. A bare ``ResNetModel`` has no ``resnet.`` before its names.
"""

from __future__ import annotations

import dataclasses

from cxrtui.weights.formats.format import IMAGENET, Format
from cxrtui.weights.formats.torchvision import TORCH_IGNORED, TORCH_LEAVES

TRANSFORMERS = Format(
    name="transformers",
    written_by="Hugging Face transformers",
    names={
        "stem_conv": "embedder.embedder.convolution",
        "stem_norm": "embedder.embedder.normalization",
        "conv": "encoder.stages.{s0}.layers.{b}.layer.{u0}.convolution",
        "norm": "encoder.stages.{s0}.layers.{b}.layer.{u0}.normalization",
        "conv_shortcut": "encoder.stages.{s0}.layers.{b}.shortcut.convolution",
        "norm_shortcut": "encoder.stages.{s0}.layers.{b}.shortcut.normalization",
        "head": "classifier.1",
    },
    leaves=TORCH_LEAVES,
    inner="resnet.",
    ignored=TORCH_IGNORED,
    normalisation=IMAGENET,
)

# The msgpack's two trees, params and batch_stats, are read as one, because their leaves have different names.
FLAX = dataclasses.replace(
    TRANSFORMERS,
    name="flax",
    written_by="Hugging Face transformers for Flax",
    leaves={
        "conv": {"kernel": ".kernel"},
        "norm": {"scale": ".scale", "bias": ".bias", "mean": ".mean", "var": ".var"},
        "head": {"kernel": ".kernel", "bias": ".bias"},
    },
    ignored=(),
    layout="HWIO",
)
