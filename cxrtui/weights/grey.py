"""Turns a network for three channels into one for a single grey channel, exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxrtui.net.resnet import GREY_MEAN, GREY_STD
from cxrtui.weights.arrays import STEM_KERNEL, STEM_OFFSET, Arrays, VariablePath
from cxrtui.weights.formats import IMAGENET, Normalisation

GREY = Normalisation((GREY_MEAN,), (GREY_STD,), order="grey")


def fold_stem(kernel: np.ndarray, normalisation: Normalisation = IMAGENET) -> tuple[np.ndarray, np.ndarray]:
    """Fold a stem and its input's normalisation into a stem for one channel that `resnet.normalise` made, exactly.

    For a grey pixel g the original sees (scale g - mean_c) / std_c in each channel c, and ours u = (g - grey_mean) /
    grey_std, so g = u grey_std + grey_mean. The factor of u is multiplied into the kernel. The rest is constant except
    at the zero padding, so it becomes a second kernel, which is applied to an image of ones.

    Args:
        kernel: ``[7, 7, C, O]``; its channels are in the order of ``normalisation``.
        normalisation: of the input that the kernel was trained on.

    Returns:
        ``kernel`` and ``offset``, each ``[7, 7, 1, O]`` float32.
    """
    kernel = kernel.astype(np.float64)
    mean, std = np.array(normalisation.mean), np.array(normalisation.std)
    slope, level = normalisation.scale * GREY_STD / std, (normalisation.scale * GREY_MEAN - mean) / std
    folded = np.einsum("hwco,c->hwo", kernel, slope)[:, :, None]
    offset = np.einsum("hwco,c->hwo", kernel, level)[:, :, None]
    return folded.astype(np.float32), offset.astype(np.float32)


def to_grey(arrays: Mapping[VariablePath, np.ndarray], normalisation: Normalisation) -> Arrays:
    """Return the same network for one channel that `resnet.normalise` made; see `fold_stem`."""
    folded, offset = fold_stem(arrays[STEM_KERNEL], normalisation)
    return {**arrays, STEM_KERNEL: folded, STEM_OFFSET: offset}
