"""Computes a convolution, its input gradient and its weight gradient, each in the form that suits its shape.

XLA's own convolution is ``direct``. The others are sums of matrix products, with a tap being one pixel of the kernel:

- ``shifted``: one product for each tap, of the images that are shifted by it.
- ``im2col``: one product of all taps' shifted images side by side (Chellapilla et al. 2006).

A form is linear in images and kernel, so that its two transposes are the gradients in that form. `forms` says which
form a convolution has. Arrays are NHWC, kernels HWIO.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from cxrtui.net.forms import Forms, Shape, of

Form = Callable[[jax.Array, jax.Array, int, int], jax.Array]


def convolve(
    images: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0, forms: Forms | None = None
) -> jax.Array:
    """Convolve without bias, padding ``padding`` zeros on each of the four sides.

    The padding is explicit because XLA's ``SAME`` pads 3x3 at stride 2 by (0, 1), where every published ResNet weight
    expects (1, 1).

    Args:
        images: ``[N, H, W, I]``.
        kernel: ``[K, K, I, O]``, cast to the dtype of ``images``.
        stride: the same for rows and columns.
        padding: pixels on each side.
        forms: by default those of the table in use; a 1x1 kernel is always one matrix product.

    Returns:
        ``[N, (H + 2 padding - K) // stride + 1, …, O]`` in the dtype of ``images``.
    """
    kernel = kernel.astype(images.dtype)
    if kernel.shape[:2] == (1, 1) and padding == 0:
        if stride > 1:  # a 1x1 kernel reads no pixel between the strides
            images = images[:, ::stride, ::stride]
        return _product(images, kernel[0, 0])
    if forms is None:
        height, width, inputs = images.shape[1:]
        forms = of(Shape(height, width, inputs, kernel.shape[-1], len(kernel), stride))
    if forms == Forms():
        return direct(images, kernel, stride, padding)
    return _formed(images, kernel, stride, padding, forms)


def direct(images: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    """Convolve as XLA does."""
    return lax.conv_general_dilated(
        images,
        kernel,
        window_strides=(stride, stride),
        padding=((padding, padding), (padding, padding)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def shifted(images: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    """Convolve by one matrix product for each tap."""
    taps = lax.split(kernel.reshape(-1, kernel.shape[-1]), [kernel.shape[2]] * len(kernel) ** 2)
    products = map(_product, _windows(images, len(kernel), stride, padding), taps)
    return functools.reduce(jnp.add, products)


def im2col(images: jax.Array, kernel: jax.Array, stride: int, padding: int) -> jax.Array:
    """Convolve by one matrix product of the images under all taps."""
    windows, taps = _windows(images, len(kernel), stride, padding), kernel.reshape(-1, kernel.shape[-1])
    if images.shape[-1] > 1:
        return _product(jnp.concatenate(windows, axis=-1), taps)
    # Of one feature a tap's window is one long row, which is written three times as fast as a column of a few numbers.
    rows = jnp.stack([window[..., 0] for window in windows])
    product = lax.dot_general(rows.reshape(len(taps), -1), taps, (((0,), (0,)), ((), ())))
    return product.reshape(*rows.shape[1:], -1)


FORMS: dict[str, Form] = {"direct": direct, "shifted": shifted, "im2col": im2col}


def input_gradient(
    form: str, gradient: jax.Array, images: jax.Array, kernel: jax.Array, stride: int, padding: int
) -> jax.Array:
    """Return the gradient of a convolution's images, of which only shape and dtype are used."""
    _, transposed = jax.vjp(lambda x: FORMS[form](x, kernel, stride, padding), images)
    found: list[jax.Array] = jax.tree.leaves(transposed(gradient))
    return found[0]


def weight_gradient(
    form: str, gradient: jax.Array, images: jax.Array, kernel: jax.Array, stride: int, padding: int
) -> jax.Array:
    """Return the gradient of a convolution's kernel, of which only shape and dtype are used."""
    _, transposed = jax.vjp(lambda k: FORMS[form](images, k, stride, padding), kernel)
    found: list[jax.Array] = jax.tree.leaves(transposed(gradient))
    return found[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _formed(images: jax.Array, kernel: jax.Array, stride: int, padding: int, forms: Forms) -> jax.Array:
    return FORMS[forms.forward](images, kernel, stride, padding)


def _forward(
    images: jax.Array, kernel: jax.Array, stride: int, padding: int, forms: Forms
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _formed(images, kernel, stride, padding, forms), (images, kernel)


def _backward(
    stride: int, padding: int, forms: Forms, kept: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    return (
        input_gradient(forms.input_gradient, gradient, *kept, stride, padding),
        weight_gradient(forms.weight_gradient, gradient, *kept, stride, padding),
    )


_formed.defvjp(_forward, _backward)


@jax.custom_vjp
def _product(features: jax.Array, matrix: jax.Array) -> jax.Array:
    """Multiply the features ``[N, H, W, I]`` of every pixel by a matrix ``[I, O]``."""
    product = features.reshape(-1, features.shape[-1]) @ matrix
    return product.reshape(*features.shape[:-1], -1)


def _product_backward(kept: tuple[jax.Array, jax.Array], gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    features, matrix = kept
    pixels, gradients = (array.reshape(-1, array.shape[-1]) for array in (features, gradient))
    inputs, outputs = matrix.shape
    if inputs > outputs and 2 * len(pixels) > inputs:
        # On a CPU XLA multiplies up to twice as fast if the product is wide and not tall. Without the barrier it would
        # turn this around again.
        to_matrix = lax.optimization_barrier(_contracted(gradients, pixels)).T
    else:
        to_matrix = _contracted(pixels, gradients)
    return (gradients @ matrix.T).reshape(features.shape), to_matrix


def _contracted(left: jax.Array, right: jax.Array) -> jax.Array:
    """Return the sum over all pixels of products, ``[I, O]``, of ``[P, I]`` and ``[P, O]``."""
    return lax.dot_general(left, right, (((0,), (0,)), ((), ())))


_product.defvjp(lambda features, matrix: (_product(features, matrix), (features, matrix)), _product_backward)


def _windows(images: jax.Array, size: int, stride: int, padding: int) -> list[jax.Array]:
    """Return the images as each tap of a kernel sees them, ``[N, h, w, I]``, in the order of its rows."""
    padded = jnp.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    height, width = ((side - size) // stride * stride + 1 for side in padded.shape[1:3])
    return [
        padded[:, row : row + height : stride, column : column + width : stride]
        for row in range(size)
        for column in range(size)
    ]
