from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from cxrtui.data.films import SPLIT_NAMES, Film
from cxrtui.data.prepared import splits
from cxrtui.errors import DataError

Films = list[tuple[Film, int]]


def _film(number: int, patient: str, index: int, split: str = "") -> tuple[Film, int]:
    label = ("Normal", "COVID")[index]
    return Film(path=Path(f"{number}.png"), name=f"{number}.png", label=label, patient=patient, split=split), index


def _digests(films: Films) -> list[str]:
    return [f"content of {film.name}" for film, _ in films]


def _many(seed: int = 0) -> Films:
    """Some 400 films of 200 patients, a fifth positive, some patients with both."""
    chance = random.Random(seed)
    films: Films = []
    for patient in range(200):
        index = int(patient % 5 == 0)
        for place in range(chance.choice((1, 1, 2, 3))):
            films.append(_film(len(films), f"p{patient}", index if place < 2 else 1 - index))
    return films


def _draw(films: Films, seed: int = 0) -> list[str]:
    return splits.assign(films, _digests(films), seed=seed, validation=0.15, test=0.15).of_film


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_in_two_parts_and_shares_kept(seed: int) -> None:
    films = _many(seed)
    parts = _draw(films, seed)
    where = {(film.patient, part) for (film, _), part in zip(films, parts, strict=True)}
    assert len(where) == 200
    total, held = Counter(i for _, i in films), Counter(zip(parts, (i for _, i in films), strict=True))
    for part, share in zip(SPLIT_NAMES, (0.7, 0.15, 0.15), strict=True):
        for index in (0, 1):
            assert held[part, index] == pytest.approx(share * total[index], abs=3)


def test_a_function_of_seed_and_content_not_of_order() -> None:
    films = _many()
    first = {film.name: part for (film, _), part in zip(films, _draw(films), strict=True)}
    shuffled = random.Random(1).sample(films, len(films))
    assert first == {film.name: part for (film, _), part in zip(shuffled, _draw(shuffled), strict=True)}
    assert list(first.values()) != _draw(films, seed=1)


def test_one_file_under_two_names_stays_in_one_part() -> None:
    films = [_film(number, f"p{number}", number % 2) for number in range(80)]
    digests = [f"content {number // 4}" for number in range(80)]
    parts = splits.assign(films, digests, seed=0, validation=0.15, test=0.15).of_film
    assert all(len(set(parts[start : start + 4])) == 1 for start in range(0, 80, 4))


def test_an_assigned_test_part_stands() -> None:
    films = [_film(n, f"p{n}", n % 2, "test" if n < 20 else "train") for n in range(100)]
    parts = _draw(films)
    assert {parts[n] for n in range(20)} == {"test"}
    assert Counter(parts) == {"test": 20, "validation": 14, "train": 66}


def test_an_assigned_split_that_divides_patients(tmp_path: Path) -> None:
    assigned = [(range(60), "train"), (range(20), "validation"), (range(10, 30), "test")]
    patients = [(patient, part) for people, part in assigned for patient in people]
    films = [_film(n, f"p{patient}", patient % 2, part) for n, (patient, part) in enumerate(patients)]
    found = splits.assign(films, _digests(films), seed=0, validation=0.15, test=0.15)
    assert Counter(found.of_film) == {"train": 30, "validation": 10, "test": 20, "": 40}
    assert found.left_out.total() == 40
    assert all(part in ("", film.split) for (film, _), part in zip(films, found.of_film, strict=True))
    splits.write(tmp_path / "s.csv", films, _digests(films), found.of_film)
    again = splits.read(tmp_path / "s.csv", films)
    assert (again.of_film, again.left_out.total()) == (found.of_film, 40)


def test_a_part_without_a_class_is_refused() -> None:
    films = [_film(0, "a", 1), *(_film(n, f"p{n}", 0) for n in range(1, 9))]
    with pytest.raises(DataError, match="split has no positive films"):
        _draw(films)


def test_written_and_read_again(tmp_path: Path) -> None:
    films = _many()
    parts = _draw(films)
    splits.write(tmp_path / "run" / "splits.csv", films, _digests(films), parts)
    assert splits.read(tmp_path / "run" / "splits.csv", list(reversed(films))).of_film == parts[::-1]
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["splits.csv"]
    fewer = splits.read(tmp_path / "run" / "splits.csv", films[:-7])
    assert fewer.absent == 7
    films.append(_film(999, "new", 0))
    with pytest.raises(DataError, match=r"does not say where 1 of \d+ films belong, one of them 999\.png"):
        splits.read(tmp_path / "run" / "splits.csv", films)


@pytest.mark.parametrize(("text", "words"), [
    ("path,split\n0.png,train\n", "not a split file"), ("path,part\n0.png,dev\n", "Unknown split 'dev' in line 2"),
])  # fmt: skip
def test_split_files_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        splits.read(tmp_path / "s.csv", [_film(0, "a", 0)])


def test_a_split_file_that_divides_a_patient(tmp_path: Path) -> None:
    films = [_film(n, f"p{n // 2}", n % 2) for n in range(12)]
    splits.write(tmp_path / "s.csv", films, _digests(films), [SPLIT_NAMES[n // 3 % 3] for n in range(12)])
    with pytest.raises(DataError, match="Patient p1 has films in train and in validation"):
        splits.read(tmp_path / "s.csv", films)
