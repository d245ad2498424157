"""Defines ResNet-50 for one-channel X-rays, in Flax NNX.

Source: He et al. 2016 (arXiv:1512.03385). In v1.5, torch's and the default, the stride of a stage is in the 3x3
convolution of its first block; in v1, the paper's and Keras's, it is in the 1x1 before that. With three input channels
both have 23,508,032 parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cxrtui.net.convolution import convolve
from cxrtui.net.layers import Conv
from cxrtui.net.normalisation import EPSILON, BatchNorm
from cxrtui.net.pooling import max_pool
from cxrtui.net.shapes import full

GROUPS = ("stem", "stage1", "stage2", "stage3", "stage4")
CUTS = ("none", *GROUPS)  # a network can be cut behind each of these groups, or before all of them
EXPANSION = 4  # a block's output is four times as wide as its inner layers
COMPUTE_DTYPES = ("float32", "bfloat16")
ARCHITECTURES = ("v1", "v1.5")

# The mean over channels of ImageNet's means and deviations, on pixels in [0, 1].
GREY_MEAN, GREY_STD = 0.449, 0.226


def normalise(pixels: jax.Array) -> jax.Array:
    """Turn grey pixels in [0, 1] into the network's input: float32, with about zero mean and unit deviation."""
    return (pixels.astype(jnp.float32) - GREY_MEAN) / GREY_STD


class Stem(nnx.Module):
    """7x7 convolution at stride 2, batch normalisation, ReLU, max pooling: ``[N, H, W, I]`` to ``[N, H/4, W/4, O]``.

    ``offset`` comes from an RGB stem's three channel means when the stem is folded to one channel. It is a kernel that
    is applied to an image of ones. Away from the border it adds one number to each feature. At the border the zero
    padding holds no ones, so it adds less there; a bias could not do that.
    """

    def __init__(self, channels: int, width: int, *, offset: bool, epsilon: float, rngs: nnx.Rngs) -> None:
        self.conv = Conv(channels, width, 7, 2, rngs=rngs)
        self.offset = nnx.Param(full((7, 7, 1, width), 0.0)) if offset else nnx.data(None)
        self.norm = BatchNorm(width, relu=True, epsilon=epsilon)

    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Apply the stem to normalised images in the compute dtype."""
        features = self.conv(images)
        if self.offset is not None:
            ones = jnp.ones((1, *images.shape[1:3], 1), images.dtype)
            border = convolve(ones, self.offset[...], self.conv.stride, self.conv.padding)
            features = features + jnp.broadcast_to(border, features.shape)
        return max_pool(self.norm(features, train=train))


class Bottleneck(nnx.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut: ``[N, H, W, I]`` to ``[N, H/stride, W/stride, 4 width]``."""

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int,
        *,
        zero_last: bool,
        first_strides: bool,
        epsilon: float,
        rngs: nnx.Rngs,
    ) -> None:
        outputs = EXPANSION * width
        strides = (stride, 1) if first_strides else (1, stride)
        self.conv1 = Conv(inputs, width, 1, strides[0], rngs=rngs)
        self.norm1 = BatchNorm(width, relu=True, epsilon=epsilon)
        self.conv2 = Conv(width, width, 3, strides[1], rngs=rngs)
        self.norm2 = BatchNorm(width, relu=True, epsilon=epsilon)
        self.conv3 = Conv(width, outputs, 1, rngs=rngs)
        self.norm3 = BatchNorm(outputs, relu=True, zero_scale=zero_last, epsilon=epsilon)
        projects = stride > 1 or inputs != outputs
        self.conv_shortcut = Conv(inputs, outputs, 1, stride, rngs=rngs) if projects else nnx.data(None)
        self.norm_shortcut = BatchNorm(outputs, epsilon=epsilon) if projects else nnx.data(None)

    def __call__(self, features: jax.Array, *, train: bool) -> jax.Array:
        """Return the block's output, after the ReLU that follows the sum."""
        shortcut = features
        if self.conv_shortcut is not None:
            shortcut = self.norm_shortcut(self.conv_shortcut(features), train=train)
        inner = self.norm1(self.conv1(features), train=train)
        inner = self.norm2(self.conv2(inner), train=train)
        return self.norm3(self.conv3(inner), shortcut, train=train)


class Stage(nnx.Module):
    """A sequence of bottleneck blocks; the first one changes resolution and width."""

    def __init__(self, blocks: int, inputs: int, width: int, stride: int, *, rngs: nnx.Rngs, **options: Any) -> None:
        """``options`` are `Bottleneck`'s."""
        self.blocks = nnx.List(
            [
                Bottleneck(
                    inputs if index == 0 else EXPANSION * width,
                    width,
                    stride if index == 0 else 1,
                    rngs=rngs,
                    **options,
                )
                for index in range(blocks)
            ]
        )

    def __call__(self, features: jax.Array, *, train: bool) -> jax.Array:
        """Apply all blocks in turn."""
        for block in self.blocks:
            features = block(features, train=train)
        return features


class ResNet50(nnx.Module):
    """The backbone: stem and four stages, ending in ``[N, H/32, W/32, 32 width]``.

    Args:
        channels: 1 for X-rays; 3 for RGB.
        width: features of the stem; 64 in ResNet-50, less in tests.
        stage_sizes: blocks in each of the four stages.
        dtype: compute dtype, ``float32`` or ``bfloat16``. Parameters and statistics are always float32.
        zero_last: whether each block starts as the identity, with its last batch-normalisation scale at zero (Goyal et
            al. 2017, arXiv:1706.02677).
        offset: whether the stem has a border kernel, which weights folded from an RGB stem need; see `Stem`.
        architecture: ``v1.5`` or ``v1``: the stride of a stage is in its first 3x3 or in its first 1x1 convolution.
        epsilon: of every batch normalisation.
        rngs: its ``params`` stream initialises the kernels and is not kept.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        width: int = 64,
        stage_sizes: Sequence[int] = (3, 4, 6, 3),
        dtype: str = "float32",
        zero_last: bool = True,
        offset: bool = False,
        architecture: str = "v1.5",
        epsilon: float = EPSILON,
        rngs: nnx.Rngs,
    ) -> None:
        if dtype not in COMPUTE_DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(COMPUTE_DTYPES)}, not {dtype!r}")
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, not {architecture!r}")
        if len(stage_sizes) != 4 or min(stage_sizes) < 1:
            raise ValueError(f"stage_sizes must be four numbers of blocks, not {tuple(stage_sizes)}")
        self.dtype = dtype
        self.features = 8 * EXPANSION * width
        self.stem = Stem(channels, width, offset=offset, epsilon=epsilon, rngs=rngs)
        inputs = width
        for index, blocks in enumerate(stage_sizes):
            inner, stride = width * 2**index, 1 if index == 0 else 2
            stage = Stage(
                blocks,
                inputs,
                inner,
                stride,
                zero_last=zero_last,
                first_strides=architecture == "v1",
                epsilon=epsilon,
                rngs=rngs,
            )
            setattr(self, GROUPS[index + 1], stage)
            inputs = EXPANSION * inner

    def outputs(
        self, features: jax.Array, *, start: str = "none", upto: str = GROUPS[-1], train: bool = False, frozen: int = 0
    ) -> dict[str, jax.Array]:
        """Return the features of the groups after `start`, up to and including `upto`, by name.

        Args:
            features: of the group `start`, ``[N, h, w, c]``; with ``none``, normalised images ``[N, H, W, channels]``.
            start: the last group that has been computed already, or ``none``.
            upto: the last group to compute.
            train: whether to normalise by the batch and update the running averages.
            frozen: how many of `GROUPS`, from the stem on, are frozen even with ``train``: they use their running
                averages and do not change them, and no gradient passes through them.

        Returns:
            ``[N, h, w, c]`` in the compute dtype, by group.
        """
        features, outputs = features.astype(self.dtype), {}
        for index in range(CUTS.index(start), CUTS.index(upto)):
            name = GROUPS[index]
            with jax.named_scope(name):  # a trace of the program shows it
                features = getattr(self, name)(features, train=train and index >= frozen)
            if train and index == frozen - 1:
                features = jax.lax.stop_gradient(features)
            outputs[name] = features
        return outputs

    def __call__(self, images: jax.Array, *, train: bool = False, frozen: int = 0) -> jax.Array:
        """Return the last stage's features, ``[N, H/32, W/32, features]``; arguments as in `outputs`."""
        return self.outputs(images, train=train, frozen=frozen)[GROUPS[-1]]

    def stages(self, images: jax.Array) -> dict[str, jax.Array]:
        """Return features of stem and stages, averaged over the image, by name: ``[N, c]`` float32; not in training."""
        return {name: average_pool(features) for name, features in self.outputs(images).items()}


def average_pool(features: jax.Array) -> jax.Array:
    """Return the float32 mean over the image, ``[N, c]``, of features ``[N, h, w, c]``."""
    return jnp.mean(features.astype(jnp.float32), axis=(1, 2))
