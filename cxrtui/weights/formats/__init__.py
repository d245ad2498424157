"""This package holds a table for each program whose ResNet-50 weights can be read. It imports no JAX."""

from __future__ import annotations

from cxrtui.weights.formats.format import IMAGENET, Format, Normalisation, Path
from cxrtui.weights.formats.keras import KERAS, KERAS2016, RADIMAGENET
from cxrtui.weights.formats.torchvision import SEQUENTIAL, TORCHVISION, TORCHXRAYVISION
from cxrtui.weights.formats.transformers import FLAX, TRANSFORMERS

__all__ = ["FORMATS", "IMAGENET", "Format", "Normalisation", "Path"]

# If a file fits several formats equally well, the first is taken.
FORMATS = {
    format.name: format
    for format in (TORCHVISION, TORCHXRAYVISION, SEQUENTIAL, TRANSFORMERS, RADIMAGENET, KERAS, KERAS2016, FLAX)
}  # fmt: skip
