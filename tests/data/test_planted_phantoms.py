"""Planted features: on the films and in the manifest, as strong as asked, and nothing else changes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cxrtui.cli import cli
from cxrtui.data.films import is_synthetic
from cxrtui.data.phantoms import generate, plant
from cxrtui.data.phantoms.generate import allot
from cxrtui.data.sources.collect import read_sources
from cxrtui.errors import UsageError

SMALL = 64


def test_every_kind_is_on_the_films_that_carry_it_and_in_the_manifest(tmp_path: Path) -> None:
    plants = dict.fromkeys(plant.PLANTS, 1.0)
    made = generate(tmp_path / "a", 8, 3, size=SMALL, plants=plants)
    plain = {Path(f.path).stem: f for f in generate(tmp_path / "b", 8, 3, size=SMALL).films}
    with made.manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["strengths"] for row in rows} == {" ".join(f"{kind}=1" for kind in plant.PLANTS)}
    for film, row in zip(made.films, rows, strict=True):
        carries = film.label == "positive"
        assert set(film.planted) == (set(plant.PLANTS) if carries else set())
        assert row["planted"].split() == sorted(film.planted)
        assert is_synthetic(film.path)
        assert Path(film.path).stem.endswith("_b") == carries
        assert film.view == ("AP" if carries else "PA")
        with Image.open(tmp_path / "a" / film.path) as shown:
            assert shown.format == "JPEG"
            assert shown.info["comment"] == b"SYNTHETIC phantom, not a patient"
            assert shown.size == ((48, 48) if carries else (64, 64))
            steps, pixels = shown.quantization[0], np.asarray(shown)  # type: ignore[attr-defined]
        assert (steps[0] > 10) == carries
        if carries:
            assert pixels[0].max() < 16  # the border, as JPEG leaves it
            assert film.mask is not None
            with Image.open(tmp_path / "a" / film.mask) as mask:
                assert mask.size == (48, 48)
        twin = plain[Path(film.path).stem.removesuffix("_b")]
        assert (twin.patient, twin.sex, twin.age) == (film.patient, film.sex, film.age)
    assert len(read_sources(str(tmp_path / "a")).films) == 8


def test_marker_and_histogram_change_what_they_say() -> None:
    image, mask = np.full((96, 96), 100, np.uint8), np.ones((96, 96), bool)
    marked, same = plant.altered(image, mask, frozenset({"marker"}))
    assert same is mask
    where = np.argwhere(marked != 100)
    assert where[:, 0].min() > 0.8 * 96
    assert where[:, 1].max() < 0.5 * 96
    assert marked.max() > 200
    brighter, _ = plant.altered(image, mask, frozenset({"histogram"}))
    assert set(np.unique(brighter)) == {round(255 * (100 / 255) ** 0.7)}


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_strength_is_the_correlation_with_the_class(strength: float) -> None:
    patients = allot(120, 7, 0.5)
    found = plant.carried(patients, 7, {"border": strength, "view": strength})
    films = [(positive, kinds) for number, count, positive in patients for kinds in [found[number]] * count]
    positives = [positive for positive, _ in films]
    for kind in ("border", "view"):
        assert np.corrcoef(positives, [kind in kinds for _, kinds in films])[0, 1] == pytest.approx(strength, abs=0.04)
    if strength < 1:
        assert [kinds for _, kinds in films if len(kinds) == 1]  # each kind chooses patients of its own


def test_a_set_anew_without_plants_leaves_nothing_of_the_planted_one(tmp_path: Path) -> None:
    generate(tmp_path, 4, 0, size=SMALL, plants={"name": 0.0, "compression": 0.5})
    made = generate(tmp_path, 4, 0, size=SMALL)
    assert {str(p.relative_to(tmp_path)) for c in ("positive", "negative") for p in (tmp_path / c).iterdir()} == {
        film.path for film in made.films
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [("marker", "KIND=STRENGTH"), ("lungs=1", "marker, border"), ("view=2", "0 to 1"), ("view=nan", "0 to 1"),
     ("view=much", "number")],
)  # fmt: skip
def test_what_is_not_a_plant_is_refused_and_nothing_is_written(tmp_path: Path, text: str, said: str) -> None:
    wrong = CliRunner().invoke(cli, ["data", "phantoms", str(tmp_path / "x"), "--plant", text])
    assert isinstance(wrong.exception, UsageError)
    assert said in str(wrong.exception)
    assert not (tmp_path / "x").exists()
