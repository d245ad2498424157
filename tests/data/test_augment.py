from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.data.augment import Strengths, augment, resample
from cxrtui.settings.config import AugmentConfig

OFF = AugmentConfig(rotation=0, flip=0, brightness=0, contrast=0, scale=0, translation=0)
FILMS = jnp.asarray(np.random.default_rng(0).integers(0, 256, (4, 40, 40), dtype=np.uint8))
KEY = jax.random.key(0)


_augment = jax.jit(augment, static_argnames="size")


def _run(config: AugmentConfig, films: jax.Array = FILMS, size: int = 32, key: jax.Array = KEY) -> np.ndarray:
    return np.asarray(_augment(films, key, Strengths.of(config), size=size))


def _smooth(size: int = 40) -> jax.Array:
    """One film, brighter towards the right and, half as much, towards the bottom."""
    across, down = np.meshgrid(np.arange(size), np.arange(size))
    return jnp.asarray((across * 4 + down * 2).astype(np.uint8))[None]


def test_resample_is_bilinear() -> None:
    found = jax.jit(lambda films: resample(films, 32))(FILMS)
    assert (found.shape, found.dtype) == ((4, 32, 32, 1), jnp.float32)
    expected = jax.image.resize(FILMS.astype(jnp.float32), (4, 32, 32), "linear", antialias=False) / 255
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-4)
    same = jax.jit(lambda films: resample(films, 40))(FILMS)
    np.testing.assert_allclose(same[..., 0] * 255, FILMS, atol=1e-3)


def test_all_off_is_resample_itself() -> None:
    np.testing.assert_array_equal(_run(OFF), jax.jit(lambda films: resample(films, 32))(FILMS))


def test_the_same_key_gives_the_same_and_each_film_its_own() -> None:
    films = jnp.broadcast_to(FILMS[:1], FILMS.shape)
    found = _run(AugmentConfig(), films)
    np.testing.assert_array_equal(found, _run(AugmentConfig(), films))
    assert (found != _run(AugmentConfig(), films, key=jax.random.key(1))).any()
    assert all((found[0] != found[place]).any() for place in (1, 2, 3))
    # A film's change depends on its place and not on how many stand beside it.
    np.testing.assert_allclose(_run(AugmentConfig(), films[:2]), found[:2], atol=1e-6)
    assert found.min() >= 0
    assert found.max() <= 1


def test_flip() -> None:
    plain, flipped = _run(OFF), _run(replace(OFF, flip=1.0))
    np.testing.assert_allclose(flipped, plain[:, :, ::-1], atol=1e-4)
    some = _run(replace(OFF, flip=0.5), jnp.broadcast_to(_smooth(), (64, 40, 40)))
    assert 16 < (some[:, 16, 0, 0] > some[:, 16, -1, 0]).sum() < 48


@pytest.mark.parametrize("setting", ["rotation", "scale", "translation", "brightness", "contrast"])
def test_each_setting_alone_changes_within_its_limit(setting: str) -> None:
    limit = {"rotation": 20.0, "scale": 0.2, "translation": 0.1, "brightness": 0.2, "contrast": 0.3}[setting]
    films = jnp.broadcast_to(_smooth(), (64, 40, 40))
    found, plain = _run(replace(OFF, **{setting: limit}), films)[..., 0], _run(OFF, films)[..., 0]
    middle = slice(12, 20)
    across = (found[:, middle, 19] - found[:, middle, 12]).mean(1) / 7
    down = (found[:, 19, middle] - found[:, 12, middle]).mean(1) / 7
    plain_across, plain_down = 4 * 40 / 32 / 255, 2 * 40 / 32 / 255
    if setting == "rotation":
        angles = np.degrees(np.arctan2(down, across)) - np.degrees(np.arctan2(plain_down, plain_across))
        assert np.abs(angles).max() <= limit + 0.5
        assert angles.std() == pytest.approx(limit / np.sqrt(3), rel=0.25)
    elif setting in ("scale", "contrast"):
        ratio = across / plain_across
        assert ratio.max() <= 1 + limit + 0.01
        assert ratio.min() >= (1 / (1 + limit) if setting == "scale" else 1 - limit) - 0.01
        assert ratio.std() > limit / 4
    elif setting == "brightness":
        shift = (found - plain)[:, middle, middle].mean((1, 2))
        assert np.abs(shift).max() <= limit + 1e-3
        assert shift.std() == pytest.approx(limit / np.sqrt(3), rel=0.25)
    else:
        shift = (found - plain)[:, middle, middle].mean((1, 2)) / (6 * 40 / 255)
        assert 0 < np.abs(shift).max() <= limit + 1e-3


def test_beyond_the_film_is_black() -> None:
    white = jnp.full((16, 40, 40), 255, jnp.uint8)
    found = _run(replace(OFF, rotation=90.0), white)
    turned = found[found[:, 0, 0, 0] < 0.5]
    assert len(turned)
    assert turned.min() == 0.0
    assert found[:, 16, 16].min() == pytest.approx(1.0)


def test_of_one_compilation() -> None:
    step = jax.jit(lambda films, key, strengths: augment(films, key, strengths, 32))
    for number in range(1, 4):
        changed = AugmentConfig(number, number / 4, number / 5, number / 5, number / 10, number / 10)
        step(FILMS, jax.random.key(number), Strengths.of(changed))
    assert step._cache_size() == 1
    step(FILMS, KEY, Strengths.of(replace(changed, rotation=0.0)))  # what is off is left out of the program
    assert step._cache_size() == 2
