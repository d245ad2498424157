"""Weights and images as functions of a key and a shape, so that no file of them need be kept."""

from __future__ import annotations

import zlib

import numpy as np

CLASSES = 7


def weight(key: str, shape: tuple[int, ...], layout: str) -> np.ndarray:
    """A kernel, a bias, or a batch normalisation's scale, mean or variance, none of them at their start value."""
    random = np.random.default_rng(zlib.crc32(key.encode()))
    if len(shape) == 4:
        fan_in = np.prod(shape[1:]) if layout == "OIHW" else np.prod(shape[:3])
        return random.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
    if len(shape) == 2:
        return random.normal(0, 0.05, shape).astype(np.float32)
    if "var" in key:
        return random.uniform(0.5, 2, shape).astype(np.float32)
    if key.endswith(("weight", "gamma", "scale")):
        return random.uniform(0.3, 0.9, shape).astype(np.float32)
    return random.uniform(-0.3, 0.3, shape).astype(np.float32)


def frame(sizes: tuple[int, ...]) -> tuple[int, int, int]:
    """Films, their height and width. Batch statistics of a dozen values in stage 4 would tell of rounding alone."""
    return (4, 160, 128) if sum(sizes) > 8 else (3, 64, 56)


def pixels(channels: int, batch: int = 3, height: int = 64, width: int = 56) -> np.ndarray:
    """Films in [0, 1], ``[batch, height, width, channels]`` float64: waves that differ in image and channel."""
    n, y, x, c = np.meshgrid(*map(np.arange, (batch, height, width, channels)), indexing="ij")
    return 0.5 + 0.3 * np.sin(0.21 * y * (n + 1) + c) + 0.2 * np.cos(0.13 * x * (c + 1) - 0.5 * n)
