from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from cxrtui.data.films import SPLIT_NAMES, Film
from cxrtui.data.prepared import split_files, splits
from cxrtui.data.prepared.leaks import leaks
from cxrtui.errors import DataError

Films = list[tuple[Film, int]]


def _film(number: int, patient: str, index: int, split: str = "") -> tuple[Film, int]:
    label = ("Normal", "COVID")[index]
    return Film(root=Path(), name=f"{number}.png", label=label, patient=patient, split=split), index


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
    split_files.write(tmp_path / "s.csv", films, _digests(films), found.of_film)
    again = split_files.read(tmp_path / "s.csv", films)
    assert (again.of_film, again.left_out.total()) == (found.of_film, 40)


def test_a_part_without_a_class_is_refused() -> None:
    films = [_film(0, "a", 1), *(_film(n, f"p{n}", 0) for n in range(1, 9))]
    with pytest.raises(DataError, match="split has no positive films"):
        _draw(films)


def test_written_and_read_again(tmp_path: Path) -> None:
    films = _many()
    parts = _draw(films)
    split_files.write(tmp_path / "run" / "splits.csv", films, _digests(films), parts)
    assert split_files.read(tmp_path / "run" / "splits.csv", list(reversed(films))).of_film == parts[::-1]
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["splits.csv"]
    fewer = split_files.read(tmp_path / "run" / "splits.csv", films[:-7])
    assert fewer.absent == 7
    films.append(_film(999, "new", 0))
    with pytest.raises(DataError, match=r"does not say where 1 of \d+ films belong, one of them 999\.png"):
        split_files.read(tmp_path / "run" / "splits.csv", films)


@pytest.mark.parametrize(("text", "words"), [
    ("path,split\n0.png,train\n", "not a split file"), ("path,part\n0.png,dev\n", "Unknown split 'dev' in line 2"),
])  # fmt: skip
def test_split_files_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        split_files.read(tmp_path / "s.csv", [_film(0, "a", 0)])


def test_a_split_file_that_divides_patients_and_copies_stands_and_says_so(tmp_path: Path) -> None:
    films = [_film(n, f"p{n // 2}", n % 2) for n in range(12)]
    of_film = [SPLIT_NAMES[n // 3 % 3] for n in range(12)]
    digests = _digests(films)
    digests[9] = digests[6]  # identical, in train and in test
    split_files.write(tmp_path / "s.csv", films, digests, of_film)
    assert split_files.read(tmp_path / "s.csv", films).of_film == of_film
    # p1 is in train and validation, p4 in train and test, which drags p3 along; 5.png of p2 is a near copy of p5's.
    assert leaks(films, digests, of_film, [(5, 10)]) == (
        "3 of 3 validation films and 3 of 3 test films have their patient or a copy in an earlier split (2 patients, "
        "1 identical film, 1 near-duplicate divided; one is 3.png in validation and 2.png in train)"
    )
    assert leaks(films, digests, ["train"] * 12, [(2, 11)]) == ""


def test_copies_are_of_one_person_whatever_their_patients_are_called() -> None:
    films = [_film(n, ("file:0.png", "a", "a", "b", "file:4.png", "c", "d")[n], 0) for n in range(7)]
    digests = _digests(films)
    digests[5] = digests[6]
    # 0.png is a copy of 1.png, and 3.png of 2.png; 4.png is a film of nobody who is known.
    groups = splits.group_names(digests, [(0, 1), (2, 3), (5, 6)])
    assert splits.persons(films, digests, groups) == ["a", "a", "a", "a", "file:4.png", "c", "c"]
    assert splits.persons(films, digests, []) == ["file:0.png", "a", "a", "b", "file:4.png", "c", "c"]


def test_copies_stay_together_and_dropped_films_are_in_no_split() -> None:
    films = [_film(number, f"p{number}", number % 2) for number in range(60)]
    copies = [(number, number + 30) for number in range(30)]
    found = splits.assign(
        films, _digests(films), seed=0, validation=0.2, test=0.2, copies=copies, dropped={0, 1, 30, 31}
    )
    assert {found.of_film[place] for place in (0, 1, 30, 31)} == {""}
    assert all(found.of_film[one] == found.of_film[other] for one, other in copies)
    assert {"train", "validation", "test"} == set(found.of_film) - {""}
    apart = splits.assign(films, _digests(films), seed=0, validation=0.2, test=0.2).of_film
    assert any(apart[one] != apart[other] for one, other in copies)


def test_a_near_copy_in_an_assigned_test_split_takes_the_other_out_of_training() -> None:
    films = [_film(n, f"p{n}", n % 2, "test" if n < 20 else "train") for n in range(100)]
    found = splits.assign(films, _digests(films), seed=0, validation=0.15, test=0.15, copies=[(0, 50), (1, 51)])
    assert [found.of_film[place] for place in (0, 1, 50, 51)] == ["test", "test", "", ""]
    assert found.left_out == {"near-duplicates of films in the test split": 2}
