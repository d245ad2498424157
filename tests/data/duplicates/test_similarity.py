"""Marks that spoil many blocks leave the similarity high, and differences everywhere do not."""

from __future__ import annotations

import numpy as np
import pytest

from cxrtui.data.duplicates.similarity import similarity

SIDE = 64


def _blocks_of(spoilt: int) -> np.ndarray:
    """Where the first `spoilt` of 64 blocks lie, bool ``[SIDE, SIDE]``."""
    return np.repeat(np.repeat((np.arange(64) < spoilt).reshape(8, 8), 8, 0), 8, 1)


@pytest.mark.parametrize(
    ("spoilt", "at_least", "at_most"), [(0, 0.99, 1), (20, 0.99, 1), (30, 0.94, 0.95), (40, -1, 0.5)]
)
def test_up_to_half_of_the_blocks_may_be_spoilt(spoilt: int, at_least: float, at_most: float) -> None:
    random = np.random.default_rng(0)
    film = random.normal(size=(SIDE, SIDE)).astype(np.float32)
    marked = np.where(_blocks_of(spoilt), random.normal(size=(SIDE, SIDE)), film).astype(np.float32)
    alike = similarity(film.reshape(1, -1), marked.reshape(1, -1), np.ones((1, SIDE * SIDE), np.float32))
    assert at_least <= alike[0] <= at_most + 1e-6


def test_a_film_that_differs_a_little_everywhere_is_less_alike_than_a_marked_one() -> None:
    random = np.random.default_rng(0)
    film = random.normal(size=(1, SIDE * SIDE)).astype(np.float32)
    other = (film + 0.6 * random.normal(size=film.shape)).astype(np.float32)
    assert similarity(film, other, np.ones_like(film))[0] < 0.9
