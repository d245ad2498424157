"""ImageNet weights with torchvision's keys, folded to one channel.

torchvision and timm share these keys and layouts. A convolution there is OIHW, here HWIO; names differ as in
`PATTERNS`. Every misfit of a file is reported at once.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors import SafetensorError, safe_open

from cxrtui.errors import WeightsError
from cxrtui.net.classifier import Classifier
from cxrtui.net.resnet import GREY_MEAN, GREY_STD, ResNet50

# Our path in the backbone, and the key in the file.
PATTERNS = (
    (r"stem\.conv\.kernel", r"conv1.weight"),
    (r"stem\.norm\.(\w+)", r"bn1.\1"),
    (r"stage(\d)\.blocks\.(\d+)\.conv(\d)\.kernel", r"layer\1.\2.conv\3.weight"),
    (r"stage(\d)\.blocks\.(\d+)\.norm(\d)\.(\w+)", r"layer\1.\2.bn\3.\4"),
    (r"stage(\d)\.blocks\.(\d+)\.conv_shortcut\.kernel", r"layer\1.\2.downsample.0.weight"),
    (r"stage(\d)\.blocks\.(\d+)\.norm_shortcut\.(\w+)", r"layer\1.\2.downsample.1.\3"),
)
NORM_NAMES = {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}
HEAD_KEYS = ("fc.weight", "fc.bias")

# What torchvision's weights expect of RGB pixels in [0, 1].
RGB_MEAN = np.array([0.485, 0.456, 0.406])
RGB_STD = np.array([0.229, 0.224, 0.225])


def torchvision_key(path: tuple[str | int, ...]) -> str:
    """The file's key for a backbone variable: ``("stem", "norm", "mean")`` is ``bn1.running_mean``."""
    ours = ".".join(map(str, path))
    for pattern, template in PATTERNS:
        if match := re.fullmatch(pattern, ours):
            *parents, name = match.expand(template).split(".")
            return ".".join((*parents, NORM_NAMES.get(name, name)))
    raise KeyError(ours)


def fold_rgb_stem(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fold an RGB stem and its normalisation into a one-channel stem, exactly.

    For a grey pixel g the RGB stem sees (g - mean_c) / std_c in each channel c, and ours u = (g - grey_mean) /
    grey_std. So (g - mean_c) / std_c = u * grey_std / std_c + (grey_mean - mean_c) / std_c. The first term folds into
    the kernel. The second is constant but for the zero padding, so it stays a kernel, for an image of ones.

    Args:
        kernel: ``[7, 7, 3, O]``.

    Returns:
        ``kernel`` and ``offset``, each ``[7, 7, 1, O]`` float32.
    """
    kernel = kernel.astype(np.float64)
    slope, level = GREY_STD / RGB_STD, (GREY_MEAN - RGB_MEAN) / RGB_STD
    folded = np.einsum("hwco,c->hwo", kernel, slope)[:, :, None]
    offset = np.einsum("hwco,c->hwo", kernel, level)[:, :, None]
    return folded.astype(np.float32), offset.astype(np.float32)


def read_safetensors(path: str | Path) -> dict[str, np.ndarray]:
    """All tensors of a safetensors file, floating point as float32.

    Raises:
        WeightsError: if it is not there, cannot be read, or is not a whole safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; check the path, or fetch the weights again")
    try:
        # As "flax", not "numpy": only that one reads bfloat16.
        with safe_open(path, framework="flax") as file:
            tensors = {key: np.asarray(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{path} is not a complete safetensors file ({error}); fetch it again, or convert it to safetensors"
        ) from error
    return {
        key: tensor.astype(np.float32) if jnp.issubdtype(tensor.dtype, jnp.floating) else tensor
        for key, tensor in tensors.items()
    }


def load_torchvision(network: Classifier | ResNet50, path: str | Path, *, ignore: tuple[str, ...] = HEAD_KEYS) -> None:
    """Fill a network's backbone, in place, from a safetensors file with torchvision's or timm's ResNet keys.

    A one-channel network gets the folded stem and its border kernel (`fold_rgb_stem`), and its spec then says so. The
    head stays as it is. ``num_batches_tracked`` is dropped.

    Args:
        network: a classifier, or a bare backbone of one or three channels.
        path: the file.
        ignore: keys that may be there and are not used.

    Raises:
        WeightsError: if the file cannot be read, or listing every key that is missing, extra or misshapen.
    """
    backbone = network.backbone if isinstance(network, Classifier) else network
    tensors = {
        key: value
        for key, value in read_safetensors(path).items()
        if key not in ignore and not key.endswith(".num_batches_tracked")
    }
    variables = {
        torchvision_key(name): variable
        for name, variable in nnx.to_flat_state(nnx.state(backbone, (nnx.Param, nnx.BatchStat)))
        if name != ("stem", "offset")
    }
    folds = backbone.stem.conv.kernel.shape[2] == 1
    misfits = _misfits(tensors, {key: _file_shape(variable.shape, folds and key == "conv1.weight")
                                 for key, variable in variables.items()})  # fmt: skip
    if misfits:
        raise WeightsError(
            f"{path} does not fit this ResNet: {'; '.join(misfits)}. Take a ResNet-50 file with torchvision's keys"
        )
    for key, variable in variables.items():
        value = tensors[key]
        if value.ndim == 4:
            value = value.transpose(2, 3, 1, 0)
        if folds and key == "conv1.weight":
            value, offset = fold_rgb_stem(value)
            backbone.stem.offset = nnx.Param(jnp.asarray(offset))
        variable.set_value(jnp.asarray(value))
    if folds and isinstance(network, Classifier):
        network.spec = dataclasses.replace(network.spec, stem_offset=True)


def _file_shape(shape: tuple[int, ...], rgb: bool) -> tuple[int, ...]:
    if len(shape) != 4:
        return shape
    height, width, inputs, outputs = shape
    return outputs, 3 if rgb else inputs, height, width


def _misfits(tensors: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> list[str]:
    missing = sorted(key for key in shapes if key not in tensors)
    extra = sorted(key for key in tensors if key not in shapes)
    wrong = []
    for key, shape in shapes.items():
        if key not in tensors:
            continue
        tensor = tensors[key]
        if tensor.shape != shape:
            wrong.append(f"{key} is {list(tensor.shape)}, not {list(shape)}")
        elif tensor.dtype != np.float32:
            wrong.append(f"{key} holds {tensor.dtype}, not floating point")
        elif not np.isfinite(tensor).all():
            wrong.append(f"{key} holds NaN or infinity")
    named = (("missing", missing), ("extra", extra), ("misshapen", wrong))
    return [f"{len(keys)} {what} ({', '.join(keys)})" for what, keys in named if keys]
