"""Cells of a map lie on the film's own pixels, whatever its shape and however it became square."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cxrtui.data.images.decode import square
from cxrtui.evaluation.evidence.location import locate
from cxrtui.evaluation.evidence.place import Place

SIZE, STORED = 224, 256
SHAPES = [(400, 400), (300, 500), (640, 350)]


def marked(shape: tuple[int, int], at: tuple[int, int]) -> Image.Image:
    """A black film with a soft bright mark."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return Image.fromarray(np.uint8(255 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 2 / 14**2)))


def cells_of(film: Image.Image, mode: str, stride: int) -> np.ndarray:
    """What an ideal stage would see: the input around the middle of each cell, weighted by a Gaussian."""
    stored = square(film, STORED, mode)
    pixels = np.asarray(stored.resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float32)
    middle = stride * np.arange(-(-SIZE // stride))
    window = np.exp(-((np.arange(SIZE)[None] - middle[:, None]) ** 2) / 2 / (stride / 2) ** 2).astype(np.float32)
    return np.asarray(window @ pixels @ window.T)


@pytest.mark.parametrize("mode", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("stride", [16, 32])
def test_a_planted_mark_is_found_where_it_is(mode: str, shape: tuple[int, int], stride: int) -> None:
    place = Place(SIZE, STORED, mode, stride)
    seen = min(shape) if mode == "crop" else max(shape)
    for part in [(0.0, 0.0), (-0.15, 0.1), (0.2, -0.17)]:
        at = tuple(round(length / 2 + share * min(shape)) for length, share in zip(shape, part, strict=True))
        heat = place.on_film(cells_of(marked(shape, at), mode, stride), shape)
        assert heat.shape == shape
        assert heat.dtype == np.float32
        weights = np.where(heat > 0.1 * heat.max(), heat, 0)
        found = [(weights.sum(axis=1 - axis) * np.arange(shape[axis])).sum() / weights.sum() for axis in (0, 1)]
        # An eighth of a cell, in pixels of the film.
        np.testing.assert_allclose(found, at, atol=stride / SIZE * seen / 8)


@pytest.mark.slow
def test_cells_lie_where_the_network_looks() -> None:
    """A change of the image moves the features of the cells around it, and not of those half a cell beside it."""
    import jax
    import jax.numpy as jnp

    from cxrtui.net.classifier import ClassifierSpec, create

    network, size = create(ClassifierSpec(width=4, stage_sizes=(1, 1, 1, 1)), 1), 128
    compute = jax.jit(lambda images: network.encode(images, "stage3"))
    base = np.random.default_rng(0).normal(size=(1, size, size, 1)).astype(np.float32)
    before, place, off = np.asarray(compute(jnp.asarray(base))), Place(size, size, "stretch", 16), []
    for at in range(40, 88, 4):
        image = base.copy()
        image[0, at - 4 : at + 4, at - 4 : at + 4] += 6
        moved = np.abs(np.asarray(compute(jnp.asarray(image))) - before).sum(axis=(0, 3))
        heat = place.on_film(moved, (size, size))
        off.append([(heat.sum(axis=1 - axis) * np.arange(size)).sum() / heat.sum() - (at - 0.5) for axis in (0, 1)])
    assert np.abs(np.mean(off)) < 2.5  # of a cell of 16 pixels; tiles would be off by 7.5


@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)), st.sampled_from(["stretch", "crop", "pad"]),
    st.integers(32, 300), st.sampled_from([4, 16, 32]),
)  # fmt: skip
def test_a_map_that_is_the_same_everywhere_stays_so(shape: tuple[int, int], mode: str, size: int, stride: int) -> None:
    place = Place(size, max(8, round(size * 8 / 7 / 8) * 8), mode, stride)
    cells = np.full((-(-size // stride),) * 2, 3.0, np.float32)
    heat = place.on_film(cells, shape)
    top, bottom, left, right = place.seen(shape)
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1
    rows, columns = ((np.arange(length) + 0.5) / length for length in shape)

    def within(margin: float) -> np.ndarray:
        down = (rows > top - margin) & (rows < bottom + margin)
        return down[:, None] & ((columns > left - margin) & (columns < right + margin))[None]

    np.testing.assert_allclose(heat[within(-1e-9)], 3.0, rtol=1e-5)
    assert not heat[~within(1e-9)].any()


def test_a_map_can_be_sampled_more_coarsely_than_the_film() -> None:
    cells = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    place = Place(SIZE, STORED, "pad", 32)
    fine, coarse = place.on_film(cells, (300, 600)), place.on_film(cells, (300, 600), (30, 60))
    np.testing.assert_allclose(coarse, fine.reshape(30, 10, 60, 10).mean(axis=(1, 3)), atol=0.05)


def test_location_counts_mass_area_and_the_strongest_point() -> None:
    heat = np.array([[2, 1], [-5, 1]], np.float32)
    area = np.array([[True, False], [True, False]])
    found = locate(heat, area)
    assert (found.mass, found.area, found.hit) == (0.5, 0.5, True)
    assert np.isnan(locate(-np.abs(heat), area).mass)
