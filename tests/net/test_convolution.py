"""Every form of a convolution against XLA's own, in value and in both gradients."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from cxrtui.net import forms
from cxrtui.net.convolution import convolve
from cxrtui.net.forms import ALL_DIRECT, DIRECT, NAMES, Forms, Shape, Table

STEM, STRIDED, PLAIN = (9, 1, 3, 7, 2), (9, 3, 2, 3, 2), (8, 3, 4, 3, 1)  # side, inputs, outputs, kernel, stride


@pytest.mark.parametrize("convolution", [STEM, STRIDED, PLAIN])
def test_every_form_computes_the_convolution_and_its_gradients(convolution: tuple[int, ...]) -> None:
    side, inputs, outputs, size, stride = convolution
    first, second, third = jax.random.split(jax.random.key(0), 3)
    images = jax.random.normal(first, (2, side, side + 2, inputs))
    kernel = jax.random.normal(second, (size, size, inputs, outputs))
    weights = jax.random.normal(third, (2, -(-side // stride), -(-(side + 2) // stride), outputs))
    names = [name for name in NAMES if name != "shifted" or size == 3]

    @jax.jit
    def computed(images: jax.Array, kernel: jax.Array) -> dict[str, tuple[jax.Array, ...]]:
        found = {}
        for name in names:
            every = Forms(name, name, name)
            outputs, gradients = jax.vjp(
                lambda x, k, every=every: convolve(x, k, stride, size // 2, every), images, kernel
            )
            found[name] = (outputs, *gradients(weights))
        return found

    found = computed(images, kernel)
    for name in names[1:]:
        for ours, theirs in zip(found[name], found["direct"], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("forms", [Forms("im2col", DIRECT, "shifted"), Forms("shifted", "im2col", DIRECT)])
def test_each_part_of_a_gradient_has_the_form_that_is_asked_for(forms: Forms) -> None:
    given = [np.ones(shape, np.float32) for shape in ((2, 8, 8, 3), (3, 3, 3, 4), (2, 8, 8, 4))]
    program = jax.jit(lambda x, k, g: jax.vjp(lambda x, k: convolve(x, k, 1, 1, forms), x, k)[1](g))
    assert program.lower(*given).compile().as_text().count(" convolution(") == 1  # XLA's own, of the two in a gradient


def test_a_program_has_the_forms_of_the_table_in_use() -> None:
    shape = Shape(8, 8, 3, 4, 3, 1)
    table = Table(((shape, Forms("im2col", "im2col", "shifted")),))
    images, kernel = jax.numpy.ones((2, 8, 8, 3)), jax.numpy.ones((3, 3, 3, 4))

    def convolutions(table: Table) -> int:
        with forms.using(table):
            traced = jax.make_jaxpr(lambda x, k: convolve(x, k, 1, 1))(images, kernel)
        return str(traced).count("conv_general_dilated")

    assert convolutions(ALL_DIRECT) == 1
    assert convolutions(table) == 0
    assert convolutions(Table(((shape._replace(height=9), table.of(shape)),))) == 1  # of another shape
    assert forms.of(shape) == Forms()  # outside the block


def test_a_table_is_read_as_it_was_written() -> None:
    table = Table(((Shape(8, 8, 3, 4, 3, 1), Forms("im2col", "direct", "shifted")), (Shape(4, 4, 1, 2, 7, 2), Forms())))
    assert Table.from_dict(table.as_dict()) == table
    assert table.of(Shape(5, 5, 5, 5, 5, 5)) == Forms()


@pytest.mark.parametrize(
    "values", [{"8x8": ["direct"] * 3}, {"8x8x3x4x3x1": ["winograd"] * 3}, {"8x8x3x4x3x1": 3}, [1]]
)
def test_what_is_no_table_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match="convolution"):
        Table.from_dict(values)  # type: ignore[arg-type]
