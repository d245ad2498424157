"""Heat maps of a network that has learnt something lie on it, and fall apart with the weights."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from cxrtui.data.images.decoding.films import read_film
from cxrtui.evaluation.evidence.explain import Explainer
from cxrtui.evaluation.evidence.location import locate
from cxrtui.evaluation.evidence.place import Place
from cxrtui.evaluation.evidence.randomise import CASCADE, cascade, randomisation, rank, structure
from cxrtui.net import freeze
from tests.evaluation.evidence.conftest import Discs, disc_film

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def images(discs: Discs) -> np.ndarray:
    return np.stack([read_film(path, discs.model.stored_size).values for path in discs.paths])


@pytest.mark.parametrize(("stage", "times"), [("stage3", 4.0), ("stage4", 2.0)])
def test_the_evidence_lies_on_what_was_learnt(discs: Discs, images: np.ndarray, stage: str, times: float) -> None:
    model = discs.model
    maps = Explainer(model.graphdef, model.size, model.stored_size, "hirescam", stage)(model.variables, images).maps
    place = Place.of(model, stage)
    found = [locate(place.on_film(cells, mask.shape), mask) for cells, mask in zip(maps, discs.masks, strict=True)]
    mass, area = np.nanmean([item.mass for item in found]), np.mean([item.area for item in found])
    assert mass > times * area
    assert np.mean([item.hit for item in found]) > 5 * area


def test_the_evidence_lies_where_cells_are_put_and_not_where_equal_tiles_would_be(discs: Discs, tmp_path: Path) -> None:
    model, rng = discs.model, np.random.default_rng(5)
    films, masks = [], []
    for number in range(40):
        film, mask = disc_film(rng, True)
        Image.fromarray(film).save(tmp_path / f"{number}.png")
        films.append(read_film(tmp_path / f"{number}.png", model.stored_size).values)
        masks.append(mask)
    explainer = Explainer(model.graphdef, model.size, model.stored_size, "hirescam", "stage3")
    maps, place = explainer(model.variables, np.stack(films)).maps, Place.of(model, "stage3")
    shapes = [(mask.shape[1], mask.shape[0]) for mask in masks]
    tiles = [np.asarray(Image.fromarray(cells).resize(shape, Image.Resampling.BILINEAR))
             for cells, shape in zip(maps, shapes, strict=True)]  # fmt: skip
    placed = [place.on_film(cells, mask.shape) for cells, mask in zip(maps, masks, strict=True)]
    here, there = (np.nanmean([locate(heat, mask).mass for heat, mask in zip(heats, masks, strict=True)])
                   for heats in (placed, tiles))  # fmt: skip
    assert here > 1.15 * there


def test_maps_fall_apart_as_groups_become_random(discs: Discs, images: np.ndarray) -> None:
    rows = randomisation(discs.model, images, "hirescam", "stage3", seeds=(1, 2))
    assert tuple(row.group for row in rows) == CASCADE
    assert all(abs(row.rank) < 0.5 for row in rows)
    assert all(row.magnitude < 0.75 for row in rows)
    assert all(row.structure < 0.85 for row in rows)


def test_a_cascade_changes_one_group_after_the_other(discs: Discs) -> None:
    model = discs.model
    trained = {path: np.asarray(leaf) for path, leaf in leaves(model.variables).items()}
    random: set[str] = set()
    for group, variables in cascade(model, seed=1):
        random.add(group)
        changed = {
            freeze.group_of(path) for path, leaf in leaves(variables).items()
            if not np.array_equal(np.asarray(leaf), trained[path])
        }  # fmt: skip
        assert changed == random
    assert random == set(CASCADE)
    assert all(np.array_equal(np.asarray(leaf), trained[path]) for path, leaf in leaves(model.variables).items())


def leaves(variables: dict) -> dict[tuple, object]:
    return {
        tuple(
            getattr(key, "key", getattr(key, "name", key)) for key in path[1:] if getattr(key, "name", "") != "value"
        ): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(variables)[0]
    }


def test_similarity_is_one_for_the_same_map_and_none_for_another() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 32, 32), np.float32)
    assert rank(a, np.exp(a)) == pytest.approx(1)
    assert rank(a, -a) == pytest.approx(-1)
    assert abs(rank(a, b)) < 0.1
    assert rank(a, np.ones_like(a)) == 0
    assert structure(a, a) == pytest.approx(1)
    assert abs(structure(a, b)) < 0.1


def test_structural_similarity_of_flat_images_is_that_of_the_paper() -> None:
    """Without variance, only the term of lightness is left: (2ab + C1) / (a² + b² + C1), C1 = 0.01²."""
    a, b = np.full((24, 24), 0.2, np.float32), np.full((24, 24), 0.6, np.float32)
    assert structure(a, b) == pytest.approx((2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4), rel=1e-4)
