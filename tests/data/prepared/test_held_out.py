from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxrtui.data.prepared.folds import groups
from cxrtui.data.prepared.held_out import Division, by_folds, by_sources, divided, external
from cxrtui.errors import DataError

Row = dict[str, str]
FILMS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 90), st.integers(0, 300), st.sampled_from(["a", "b", "c", ""])),
    min_size=40, max_size=80,
)  # fmt: skip


def rows_of(films: list[tuple[bool, int, int, str]]) -> list[Row]:
    return [
        {"path": f"{place}.png", "label": "covid" if positive else "normal", "patient": f"p{patient}", "part": "",
         "source": source, "sha256": f"c{content}", "group": ""}
        for place, (positive, patient, content, source) in enumerate(films)
    ]  # fmt: skip


def even(count: int, source: str = "", patients: int = 0, first: int = 0) -> list[Row]:
    """Films of both classes by turns, of as many patients; patients and contents are numbered from `first`."""
    many = patients or count
    return rows_of([(place % 2 == 0, first + place % many, first + place, source) for place in range(count)])


def apart(rows: list[Row], division: Division) -> bool:
    """Whether no patient and no copies are in two splits."""
    used = [place for place, split in enumerate(division.splits) if split]
    return all(len({division.splits[place] for place in group}) == 1 for group in groups(rows, used))


def held(division: Division) -> list[int]:
    return [place for place, split in enumerate(division.splits) if split == "test"]


def made(rows: list[Row], **how: object) -> list[Division]:
    try:
        return by_folds(rows, range(len(rows)), folds=3, seed=0, validation=0.25, **how)  # type: ignore[arg-type]
    except DataError:
        assume(False)
        raise


@settings(max_examples=30)
@given(FILMS, st.booleans())
def test_each_film_is_tested_once_and_patients_stay_together_where_asked(
    films: list[tuple[bool, int, int, str]], by_patient: bool
) -> None:
    rows = rows_of(films)
    found = made(rows, by_patient=by_patient)
    assert Counter(place for division in found for place in held(division)) == Counter(range(len(rows)))
    for division in found:
        assert "" not in division.splits
        assert not by_patient or apart(rows, division)
    assert not by_patient or divided(rows, found) == 0


def test_folds_of_films_divide_patients_and_say_how_many_films() -> None:
    rows = even(60, patients=10)
    found = by_folds(rows, range(60), folds=3, seed=0, validation=0.2, by_patient=False)
    assert divided(rows, found) == 60  # of six films of each patient, some are on the other side of every fold
    assert [len(held(division)) for division in found] == [20, 20, 20]
    others = by_folds(rows, range(60), folds=3, seed=1, validation=0.2, by_patient=False)
    assert [division.splits for division in others] != [division.splits for division in found]


def test_films_that_are_not_used_are_in_no_split() -> None:
    rows = even(60)
    for division in by_folds(rows, range(10, 60), folds=2, seed=0, validation=0.2, by_patient=True):
        assert division.splits[:10] == ("",) * 10


@settings(max_examples=30)
@given(FILMS)
def test_a_source_is_tested_by_films_of_other_sources_patients_and_copies(
    films: list[tuple[bool, int, int, str]],
) -> None:
    rows = rows_of(films)
    try:
        found, untested = by_sources(rows, range(len(rows)), seed=0, validation=0.25)
    except DataError:
        assume(False)
        raise
    both = {source for source in "abc" if len({row["label"] for row in rows if row["source"] == source}) == 2}
    assert [division.held_out for division in found] == sorted(both)
    assert len(untested) == len({row["source"] for row in rows} - both)
    for division in found:
        assert {rows[place]["source"] for place in held(division)} == {division.held_out}
        assert len(held(division)) == sum(row["source"] == division.held_out for row in rows)
        assert apart(rows, division)
        assert division.splits.count("") == division.left_out


def test_sources_that_cannot_be_left_out_say_why() -> None:
    only = rows_of([(True, 200 + place, 200 + place, "only") for place in range(3)])
    rows = [*even(40, "a"), *even(20, "b", first=100), *only, *even(1, first=300)]
    found, untested = by_sources(rows, range(len(rows)), seed=0, validation=0.2)
    assert [division.held_out for division in found] == ["a", "b"]
    assert untested == {"films without a source": "1 film of unknown origin", "only": "only 3 covid"}
    with pytest.raises(DataError, match="no film names its source"):
        by_sources(even(40), range(40), seed=0, validation=0.2)
    with pytest.raises(DataError, match=r"All films are of one source, a, .* patient-kfold"):
        by_sources(even(40, "a"), range(40), seed=0, validation=0.2)


def test_external_films_of_the_trainings_patients_or_copies_are_not_tested() -> None:
    rows = even(60)
    rows[50]["patient"] = rows[3]["patient"]
    rows[51]["sha256"] = rows[4]["sha256"]
    rows[52]["group"] = rows[5]["group"] = "near"
    found = external(rows, range(60), set(range(40, 60)), seed=0, validation=0.2)
    assert held(found) == [place for place in range(40, 60) if place not in (50, 51, 52)]
    assert (found.left_out, found.splits.count("")) == (3, 3)
    assert "" not in found.splits[:40]
    positive = {place for place in range(40, 60) if rows[place]["label"] == "covid"}
    with pytest.raises(DataError, match="external held out, the test split has no film of normal; --data and --ext"):
        external(rows, [place for place in range(60) if place < 40 or place in positive], positive, seed=0,
                 validation=0.2)  # fmt: skip


def test_too_few_patients_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"With fold \d held out, the \w+ split has no film of .*lower --folds"):
        by_folds(even(8, patients=4), range(8), folds=4, seed=0, validation=0.2, by_patient=True)
