"""Phantoms: reproducible, labelled synthetic, and different between the classes in the lungs only."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrtui.data.films import SYNTHETIC
from cxrtui.data.phantoms import PhantomSet, generate, render
from cxrtui.data.phantoms.films import build, film_count
from cxrtui.data.phantoms.generate import DESCRIPTION, allot

pytestmark = pytest.mark.slow

SMALL = 96


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a random positive outranks a random negative."""
    a, b = scores[positive][:, None], scores[~positive][None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> PhantomSet:
    return generate(tmp_path_factory.mktemp("phantoms"), 60, 5, size=SMALL)


def test_same_seed_same_bytes_and_another_seed_other_films(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    generate(tmp_path / "a", 6, 3, size=64, on_progress=lambda done, of: seen.append((done, of)))
    generate(tmp_path / "b", 6, 3, size=64)
    generate(tmp_path / "c", 6, 4, size=64)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")
    assert not set(_files(tmp_path / "a").values()) & {
        data for name, data in _files(tmp_path / "c").items() if name.endswith("_0.png")
    }
    assert seen == [(i, 6) for i in range(1, 7)]


def test_render_is_what_generate_writes(phantoms: PhantomSet) -> None:
    film = next(f for f in phantoms.films if f.label == "positive")
    number, k = int(film.patient[1:]), int(Path(film.path).stem[-1])
    image, mask = render(5, number, k, True, SMALL)
    assert image.shape == mask.shape == (SMALL, SMALL)
    assert (image.dtype, mask.dtype) == (np.uint8, np.bool_)
    assert film.mask is not None
    with Image.open(phantoms.folder / film.path) as png, Image.open(phantoms.folder / film.mask) as drawn:
        assert png.mode == drawn.mode == "L"
        np.testing.assert_array_equal(np.asarray(png), image)
        np.testing.assert_array_equal(np.asarray(drawn), np.where(mask, 255, 0))


def test_manifest_lists_every_film_once(phantoms: PhantomSet) -> None:
    with phantoms.manifest.open(newline="") as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == ["path", "label", "patient", "source", "view", "sex", "age"]
    assert len(rows) == 60 == len({r["path"] for r in rows})
    on_disk = {
        str(p.relative_to(phantoms.folder)) for c in ("positive", "negative") for p in (phantoms.folder / c).iterdir()
    }
    assert {r["path"] for r in rows} == on_disk
    assert {r["source"] for r in rows} == {SYNTHETIC}
    assert {r["sex"] for r in rows} == {"F", "M"}
    assert {r["view"] for r in rows} == {"AP", "PA"}
    assert all(18 <= int(r["age"]) <= 95 for r in rows)


def test_labelled_synthetic_everywhere(phantoms: PhantomSet) -> None:
    assert "SYNTHETIC" in (phantoms.folder / "README.txt").read_text()
    for path in phantoms.folder.rglob("*.png"):
        assert path.name.startswith("phantom_")
        with Image.open(path) as png:
            assert png.info["Description"] == DESCRIPTION


@pytest.mark.parametrize(("count", "fraction"), [(2, 0.5), (3, 0.5), (10, 0.3), (61, 0.5), (200, 0.1), (12, 1.0)])
def test_allotment(count: int, fraction: float) -> None:
    for seed in range(20):
        rows = allot(count, seed, fraction)
        assert sum(n for _, n, _ in rows) == count
        assert all(1 <= n <= 4 for _, n, _ in rows)
        positive = sum(n for _, n, p in rows if p)
        assert abs(positive - fraction * count) <= 4
        if fraction < 1:
            assert 0 < positive < count


def test_no_patient_in_two_classes(phantoms: PhantomSet) -> None:
    labels = defaultdict(set)
    for film in phantoms.films:
        labels[film.patient].add(film.label)
    assert all(len(found) == 1 for found in labels.values())
    assert any(sum(f.patient == p for f in phantoms.films) > 1 for p in labels)
    assert abs(phantoms.positives - 30) <= 2


def test_masks_for_positives_only_and_in_both_lungs(phantoms: PhantomSet) -> None:
    assert {f.mask is not None for f in phantoms.films if f.label == "positive"} == {True}
    assert {f.mask for f in phantoms.films if f.label == "negative"} == {None}
    for patient in range(1, 6):
        body = build(11, patient, SMALL, True)
        assert body.disease is not None
        _, mask = body.disease.at(1.0)
        assert not np.any((mask > 0) & (body.silhouette == 0))
        right, left = mask[:, : body.grid.n // 2].sum(), mask[:, body.grid.n // 2 :].sum()
        assert min(right, left) * body.grid.pixel**2 > 1.0, "cm² of opacity in each lung"


def test_disease_evolves_between_films() -> None:
    disease = build(11, 1, SMALL, True).disease
    assert disease is not None
    (early, small), (late, large) = disease.at(0.8), disease.at(1.3)
    assert late.sum() > early.sum()
    assert large.sum() >= small.sum()


def test_classes_of_one_seed_differ_in_the_opacities_only() -> None:
    for patient in range(1, 4):
        healthy, none = render(8, patient, 0, False, SMALL)
        ill, mask = render(8, patient, 0, True, SMALL)
        assert not none.any()
        assert mask.any()
        brighter = ill.astype(int) - healthy
        assert brighter[mask].mean() > 3
        edge = np.ones_like(mask)
        edge[4:-4, 4:-4] = False
        assert np.abs(brighter[edge]).mean() < 1.0


def test_no_attribute_gives_the_class_away(phantoms: PhantomSet) -> None:
    positive = np.array([f.label == "positive" for f in phantoms.films])
    images = [np.asarray(Image.open(phantoms.folder / f.path), dtype=np.float64) for f in phantoms.films]
    assert {i.shape for i in images} == {(SMALL, SMALL)}
    borders = [np.concatenate([i[0], i[-1], i[:, 0], i[:, -1]]) for i in images]
    per_patient = defaultdict(int)
    for f in phantoms.films:
        per_patient[f.patient] += 1
    attributes = {
        "border mean": [b.mean() for b in borders],
        "border spread": [b.std() for b in borders],
        "exposure": [i.mean() for i in images],
        "contrast": [i.std() for i in images],
        "black share": [(i < 5).mean() for i in images],
        "marker corners": [
            max(i[: SMALL // 5, : SMALL // 8].max(), i[: SMALL // 5, -SMALL // 8 :].max()) for i in images
        ],
        "file size": [(phantoms.folder / f.path).stat().st_size for f in phantoms.films],
        "age": [f.age for f in phantoms.films],
        "sex": [f.sex == "F" for f in phantoms.films],
        "view": [f.view == "AP" for f in phantoms.films],
        "films per patient": [per_patient[f.patient] for f in phantoms.films],
    }
    for name, values in attributes.items():
        # 60 films of some 27 patients: the standard error of an AUC is about 0.1.
        assert 0.2 < _auc(np.array(values, dtype=np.float64), positive) < 0.8, name


def test_films_per_patient_and_films_differ() -> None:
    counts = [film_count(2, p) for p in range(200)]
    assert set(counts) == {1, 2, 3, 4}
    first, _ = render(2, 1, 0, False, 64)
    second, _ = render(2, 1, 1, False, 64)
    assert np.abs(first.astype(int) - second).mean() > 2


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        generate(tmp_path / "x", 1, 0)
    with pytest.raises(ValueError, match="64"):
        generate(tmp_path / "x", 2, 0, size=32)
    with pytest.raises(ValueError, match="share"):
        generate(tmp_path / "x", 2, 0, positive_fraction=1.5)
    with pytest.raises(ValueError, match="seed"):
        generate(tmp_path / "x", 2, -1)
    assert not (tmp_path / "x").exists()


def test_never_deletes_what_is_not_its_own(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not a phantom set"):
        generate(theirs, 2, 0, size=64)
    assert _files(theirs) == {"thesis.txt": b"years of work"}
    with pytest.raises(FileExistsError):
        generate(theirs / "thesis.txt", 2, 0, size=64)

    ours = tmp_path / "ours"
    generate(ours, 6, 0, size=64)
    (ours / "notes.md").write_text("mine")
    generate(ours, 2, 1, size=64)
    names = _files(ours)
    assert names["notes.md"] == b"mine"
    assert sum("phantom_" in n and not n.startswith("annotations") for n in names) == 2


def test_an_interrupted_set_has_no_manifest_and_can_be_redone(tmp_path: Path) -> None:
    generate(tmp_path, 4, 0, size=64)

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path, 4, 1, size=64, on_progress=stop)
    assert not (tmp_path / "manifest.csv").exists()
    assert generate(tmp_path, 4, 1, size=64).manifest.exists()
