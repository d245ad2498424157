"""Of very many films, whole patients are drawn for the estimates, half of them of each class."""

from __future__ import annotations

from pathlib import Path

from cxrtui.data.confounders.confounders import drawn
from cxrtui.data.films import Film


def _films(negative: int, positive: int, of_patient: int = 3) -> list[tuple[Film, int]]:
    classes = [0] * negative + [1] * positive
    return [
        (Film(root=Path(), name=f"{place}", label="", patient=f"{index}-{place // of_patient}"), index)
        for place, index in enumerate(classes)
    ]


def test_half_of_the_films_are_of_each_class_and_patients_are_whole() -> None:
    films = _films(600, 300)
    found = drawn(films, 120)
    assert found == drawn(films, 120)
    for index in (0, 1):
        assert 60 <= sum(label == index for _, label in found) < 60 + 3
    held = {film.patient for film, _ in found}
    assert [item for item in films if item[0].patient in held] == found  # in their order, and none is missing


def test_a_class_of_few_films_is_taken_whole_and_the_other_fills_the_rest() -> None:
    found = drawn(_films(600, 30), 120)
    assert sum(label for _, label in found) == 30
    assert 90 <= len(found) - 30 < 90 + 3


def test_of_few_films_all_are_taken() -> None:
    films = _films(60, 30)
    assert drawn(films, 90) == films
