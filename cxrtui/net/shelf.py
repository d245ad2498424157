"""Where first weights come from. Imports no JAX, so that a form can ask as the user types."""

from __future__ import annotations

from pathlib import Path

from cxrtui.errors import WeightsError
from cxrtui.workspace import expand

HOW_TO_GET = (
    "download the safetensors file of timm/resnet50.tv_in1k from Hugging Face and give its path (--init PATH), "
    "or start from random weights (--init random)"
)


def locate(init: str) -> Path | None:
    """The file that `model.init` means, or None for random weights.

    Raises:
        WeightsError: there is no such file; the message says how to get one.
    """
    if init == "random":
        return None
    if init == "imagenet":
        raise WeightsError(f"No ImageNet weights are on the shelf: {HOW_TO_GET}.")
    path = expand(init)
    if not path.is_file():
        raise WeightsError(f"{init} is neither imagenet nor random nor a safetensors file: {HOW_TO_GET}.")
    return path
