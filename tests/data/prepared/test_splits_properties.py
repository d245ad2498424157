"""Properties of the split, on films of any patients, classes, copies and assigned splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cxrtui.data.films import Film
from cxrtui.data.prepared import split_files, splits
from cxrtui.errors import DataError

pytestmark = pytest.mark.slow

Films = list[tuple[Film, int]]
ASSIGNED = ("", "", "", "train", "validation", "test")


@st.composite
def collections(draw: st.DrawFn, assigned: bool = False) -> tuple[Films, list[str]]:
    """Films of 16 patients and more, and their contents; some share a patient, some are copies of others."""
    films: Films = []
    digests: list[str] = []

    def add(patient: int, class_index: int, content: int, split: str = "") -> None:
        name = f"{len(films)}.png"
        label = ("Normal", "COVID-19")[class_index]
        films.append((Film(root=Path(), name=name, label=label, patient=f"p{patient}", split=split), class_index))
        digests.append(f"content {content}")

    for patient in range(16):  # enough of both classes for each split
        add(patient, patient % 2, patient)
    more = st.tuples(st.integers(0, 30), st.integers(0, 1), st.integers(0, 60),
                     st.sampled_from(ASSIGNED if assigned else ("",)))  # fmt: skip
    for patient, class_index, content, split in draw(st.lists(more, max_size=40)):
        add(patient, class_index, content, split)
    return films, digests


def _draw(films: Films, digests: list[str], seed: int) -> list[str] | None:
    """The splits, or None where these films cannot be divided, as where one patient has nearly all."""
    try:
        return splits.assign(films, digests, seed=seed, validation=0.2, test=0.2).of_film
    except DataError:
        return None


@given(collections(), st.integers(0, 5))
def test_each_film_is_in_one_split_and_no_patient_or_content_in_two(
    collection: tuple[Films, list[str]], seed: int
) -> None:
    films, digests = collection
    found = _draw(films, digests, seed)
    assume(found is not None)
    assert found is not None
    assert set(found) == {"train", "validation", "test"}
    assert len(found) == len(films)
    of_patient, of_content = defaultdict(set), defaultdict(set)
    for (film, _), digest, split in zip(films, digests, found, strict=True):
        of_patient[film.patient].add(split)
        of_content[digest].add(split)
    assert {len(held) for held in (*of_patient.values(), *of_content.values())} == {1}
    held = {(split, class_index) for (_, class_index), split in zip(films, found, strict=True)}
    assert len(held) == 6  # both classes in each


@given(collections(assigned=True), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_films_and_names_change_nothing(
    collection: tuple[Films, list[str]], seed: int, chance: object
) -> None:
    films, digests = collection
    first = _draw(films, digests, seed)
    order = list(range(len(films)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled = _draw([films[place] for place in order], [digests[place] for place in order], seed)
    assert (shuffled is None) == (first is None)
    renamed = [(replace(film, name=f"new/{99 - place}.png", patient=f"q{film.patient}"), class_index)
               for place, (film, class_index) in enumerate(films)]  # fmt: skip
    assert _draw(renamed, digests, seed) == first
    if first is not None:
        assert shuffled == [first[place] for place in order]


@given(collections(assigned=True), st.integers(0, 5))
def test_what_a_source_assigns_stands_or_is_left_out_and_counted(
    collection: tuple[Films, list[str]], seed: int
) -> None:
    films, digests = collection
    assume(_draw(films, digests, seed) is not None)
    found = splits.assign(films, digests, seed=seed, validation=0.2, test=0.2)
    assert found.of_film.count("") == found.left_out.total()
    for (film, _), split in zip(films, found.of_film, strict=True):
        if film.split in ("validation", "test"):
            assert split in (film.split, "")
        assert split in ("", "train", "validation", "test")
    where = Counter((film.patient, split) for (film, _), split in zip(films, found.of_film, strict=True) if split)
    assert len(where) == len({patient for patient, _ in where})


@given(collections(), st.integers(0, 5))
def test_a_split_file_gives_the_split_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, collection: tuple[Films, list[str]], seed: int
) -> None:
    films, digests = collection
    found = _draw(films, digests, seed)
    assume(found is not None)
    assert found is not None
    file = tmp_path_factory.mktemp("splits") / "splits.csv"
    split_files.write(file, films, digests, found)
    assert split_files.read(file, films).of_film == found
