"""ResNet-50 for one-channel X-rays, in Flax NNX.

He et al. 2016 (arXiv:1512.03385). In v1.5, which torch ships and which is the default, the stride of a stage sits in
the 3x3 convolution of its first block; in v1, the paper's and Keras's, in the 1x1 before it. With three input channels
it has 23,508,032 parameters in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cxrtui.net.layers import EPSILON, BatchNorm, Conv, convolve, max_pool

GROUPS = ("stem", "stage1", "stage2", "stage3", "stage4")
LEVELS = ("none", *GROUPS)  # where a network can be cut: above what is named
EXPANSION = 4  # a block puts out four times its inner width
COMPUTE_DTYPES = ("float32", "bfloat16")
ARCHITECTURES = ("v1", "v1.5")

# The mean over channels of ImageNet's means and deviations, on pixels in [0, 1].
GREY_MEAN, GREY_STD = 0.449, 0.226


def normalise(pixels: jax.Array) -> jax.Array:
    """Grey pixels in [0, 1] to the network's input: float32, about zero mean and unit deviation."""
    return (pixels.astype(jnp.float32) - GREY_MEAN) / GREY_STD


class Stem(nnx.Module):
    """7x7 convolution at stride 2, batch normalisation, ReLU, max pooling: ``[N, H, W, I]`` to ``[N, H/4, W/4, O]``.

    ``offset`` is what remains of an RGB stem's three channel means when it is folded to one channel: a kernel for a
    constant image of ones. Away from the border it adds one number per feature; at the border, where the zero
    padding holds no ones, it adds less, which no bias could do.
    """

    def __init__(self, channels: int, width: int, *, offset: bool, epsilon: float, rngs: nnx.Rngs) -> None:
        self.conv = Conv(channels, width, 7, 2, rngs=rngs)
        self.offset = nnx.Param(jnp.zeros((7, 7, 1, width), jnp.float32)) if offset else nnx.data(None)
        self.norm = BatchNorm(width, relu=True, epsilon=epsilon)

    def __call__(self, images: jax.Array, *, train: bool) -> jax.Array:
        """Images in the compute dtype, normalised."""
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
        """The block's output, after the ReLU that follows the sum."""
        shortcut = features
        if self.conv_shortcut is not None:
            shortcut = self.norm_shortcut(self.conv_shortcut(features), train=train)
        inner = self.norm1(self.conv1(features), train=train)
        inner = self.norm2(self.conv2(inner), train=train)
        return self.norm3(self.conv3(inner), shortcut, train=train)


class Stage(nnx.Module):
    """A row of bottleneck blocks, of which the first changes resolution and width."""

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
        """All blocks in turn."""
        for block in self.blocks:
            features = block(features, train=train)
        return features


class ResNet50(nnx.Module):
    """The backbone: stem and four stages, ending in ``[N, H/32, W/32, 32 width]``.

    Args:
        channels: 1 for X-rays; 3 for RGB.
        width: features of the stem; 64 in ResNet-50, less in tests.
        stage_sizes: blocks in each of the four stages.
        dtype: compute dtype, ``float32`` or ``bfloat16``. Parameters and statistics are float32 in either.
        zero_last: start each block as the identity, its last batch-normalisation scale at zero (Goyal et al. 2017,
            arXiv:1706.02677).
        offset: carry the stem's border kernel, as weights folded from an RGB stem need; see `Stem`.
        architecture: ``v1.5`` or ``v1``: a stage's stride in its first 3x3 or 1x1.
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
        """The features that the groups after `start` up to and with `upto` put out, by name.

        Args:
            features: those of the group `start`, ``[N, h, w, c]``; with ``none``, normalised images
                ``[N, H, W, channels]``.
            start: the last group that has been computed already, or ``none``.
            upto: the last group to compute.
            train: normalise by the batch and move the running averages.
            frozen: how many of `GROUPS`, from the stem on, stay as they are even with ``train``: they use and keep
                their running averages, and no gradient passes below them.

        Returns:
            ``[N, h, w, c]`` in the compute dtype, by group.
        """
        features, outputs = features.astype(self.dtype), {}
        for index in range(LEVELS.index(start), LEVELS.index(upto)):
            name = GROUPS[index]
            features = getattr(self, name)(features, train=train and index >= frozen)
            if train and index == frozen - 1:
                features = jax.lax.stop_gradient(features)
            outputs[name] = features
        return outputs

    def __call__(self, images: jax.Array, *, train: bool = False, frozen: int = 0) -> jax.Array:
        """The last stage's output, ``[N, H/32, W/32, features]``; arguments as in `outputs`."""
        return self.outputs(images, train=train, frozen=frozen)[GROUPS[-1]]

    def stages(self, images: jax.Array) -> dict[str, jax.Array]:
        """Stem and stages averaged over the image, by name: ``[N, c]`` float32, on the running averages."""
        return {name: average_pool(features) for name, features in self.outputs(images).items()}


def average_pool(features: jax.Array) -> jax.Array:
    """``[N, h, w, c]`` to its float32 mean over the image, ``[N, c]``."""
    return jnp.mean(features.astype(jnp.float32), axis=(1, 2))
