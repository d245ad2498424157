"""The formats of weights that are read: one table for each program that writes ResNet-50s. Imports no JAX."""

from __future__ import annotations

from cxrtui.weights.formats.format import IMAGENET, Format, Normalisation, Path
from cxrtui.weights.formats.keras import KERAS, KERAS2016, RADIMAGENET
from cxrtui.weights.formats.torchvision import SEQUENTIAL, TORCHVISION, TORCHXRAYVISION
from cxrtui.weights.formats.transformers import FLAX, TRANSFORMERS

__all__ = ["FORMATS", "IMAGENET", "Format", "Normalisation", "Path"]

# Among equals the first is taken.
FORMATS = {
    format.name: format
    for format in (TORCHVISION, TORCHXRAYVISION, SEQUENTIAL, TRANSFORMERS, RADIMAGENET, KERAS, KERAS2016, FLAX)
}  # fmt: skip
