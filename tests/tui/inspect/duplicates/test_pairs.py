"""Pairs in their order and words, and what is chosen of them. No widgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cxrtui.data.duplicates.relations import IDENTICAL, NEAR, Relation
from cxrtui.data.films import FILE_PATIENT, Film
from cxrtui.data.inspect.duplicates import Duplicates
from cxrtui.data.sources.correction_files import DIFFERENT, SAME
from cxrtui.tui.inspect.duplicates.choices import Choices, side_of
from cxrtui.tui.inspect.duplicates.opening import opener
from cxrtui.tui.inspect.duplicates.pairs import names_in, pairs_of, patient_of


def film(name: str, patient: str = "", split: str = "") -> Film:
    label = name.split("/")[0]
    return Film(root=Path("/films"), name=name, label=label, patient=patient or FILE_PATIENT + name, split=split)


FILMS = [
    film("COVID-19/a.png", "p1"), film("COVID-19/b.png"), film("COVID-19/c.png", "p2", "train"),
    film("COVID-19/d.png", "p2", "test"), film("Normal/e.png"), film("Normal/f.png"),
]  # fmt: skip
PLAIN, GROUPED = Relation(0, 1, NEAR, 0.97), Relation(1, 5, IDENTICAL, 1.0)
DIVIDED, CONFLICT = Relation(2, 3, NEAR, 0.91), Relation(3, 4, NEAR, 0.93)
FOUND = Duplicates(FILMS, [PLAIN, GROUPED, DIVIDED, CONFLICT], [CONFLICT], [DIVIDED], near=True)


def test_conflicts_are_first_and_what_is_divided_next() -> None:
    conflict, divided, plain, grouped = pairs_of(FOUND)
    assert [pair.marks for pair in (conflict, divided, plain, grouped)] == ["✗≈", "↔≈", " ≈", " ="]
    assert conflict.remarks == [
        "✗ conflict: COVID-19 and Normal", "≈ near-duplicates, similarity 0.930", "one exposure in 3 films",
    ]  # fmt: skip
    assert divided.remarks[0] == "↔ in two splits: train and test"
    assert grouped.remarks == ["= identical files", "one exposure in 3 films"]
    assert names_in(plain, 40) == "a.png · b.png"
    assert names_in(conflict, 40) == "COVID-19/d.png · Normal/e.png"
    assert names_in(conflict, 24) == "…ID-19/d.png · …al/e.png"
    known = replace(plain, films=(film("darkcovidnet/x/gr2_lrg-a.jpg"), film("ieee8023/images/gr2_lrg-a.jpg")))
    assert names_in(known, 80) == "gr2_lrg-a.jpg: darkcovidnet/x · ieee8023/images"
    assert (patient_of(FILMS[0]), patient_of(FILMS[1])) == ("patient p1 by the source", "patient unknown")


def test_choices_are_taken_back_one_by_one() -> None:
    conflict, divided, plain, grouped = pairs_of(FOUND)
    first = Choices().exclude(conflict.paths[:1])
    second = first.exclude(conflict.paths)  # one of the two is left out already, so both are now
    assert (first.of(conflict), second.of(conflict)) == ("leave out left", "leave out both")
    assert second.of(divided) == "leave out right"  # the same film in another pair
    third = second.relate(plain, SAME).relate(plain, DIFFERENT).relate(grouped, SAME)
    assert third.in_words() == "2 films left out, 1 pair of one patient, 1 pair of two patients"
    assert third.relate(grouped, SAME).in_words() == "2 films left out, 1 pair of two patients"
    assert third.exclude(conflict.paths).excluded == frozenset()
    steps, choices = 0, third
    while (before := choices.undone()) is not None:
        steps, choices = steps + 1, before
    assert (steps, choices) == (5, Choices())
    assert third.count == 4


def test_a_side_has_each_film_once() -> None:
    pairs = pairs_of(FOUND)
    assert [path.name for path in side_of(pairs, 0)] == ["d.png", "c.png", "a.png", "b.png"]
    assert [path.name for path in side_of(pairs, 1)] == ["e.png", "d.png", "b.png", "f.png"]


def test_nothing_opens_files_without_a_display() -> None:
    assert opener({}, "linux") is None
