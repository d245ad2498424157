"""Near-duplicates are found whatever was done to them, and films of other patients are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.duplicates import search
from cxrtui.data.phantoms import generate
from cxrtui.errors import Cancelled
from tests.data.duplicates.copies import EDITS, phantoms, thumbnail

pytestmark = pytest.mark.slow

FILMS = 24


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Thumbnails of phantoms and of edited copies of some of them, and which belong together."""
    originals = phantoms(tmp_path_factory.mktemp("phantoms") / "films", FILMS)
    held, pairs = [thumbnail(film) for film in originals], []
    for place, film in enumerate(originals[:3]):
        for edit in EDITS.values():
            pairs.append((place, len(held)))
            held.append(thumbnail(edit(film)))
    return np.stack(held), pairs


def test_every_edit_is_seen_through_and_no_other_film_is_taken_for_a_copy(
    films: tuple[np.ndarray, list[tuple[int, int]]], tmp_path: Path
) -> None:
    """Phantoms of one patient have the same ribs and vessels at nearly the same places, as no two exposures have."""
    held, pairs = films
    found = search.near(lambda places: held[places], len(held), lambda *said: None)
    shows = {place: place for place in range(FILMS)} | {copy: place for place, copy in pairs}
    links = {(item.first, item.second) for item in found}
    missed = [list(EDITS)[number % len(EDITS)] for number, pair in enumerate(pairs) if pair not in links]
    assert not missed
    people = [film.patient for film in generate(tmp_path / "again", count=FILMS, seed=3, size=64).films]
    assert all(people[shows[one]] == people[shows[other]] for one, other in links)


def test_the_search_is_the_same_again_and_can_be_stopped(films: tuple[np.ndarray, list[tuple[int, int]]]) -> None:
    held = films[0][20:34]

    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled

    first, again = (search.near(lambda places: held[places], len(held), lambda *said: None) for _ in range(2))
    assert first
    assert first == again
    with pytest.raises(Cancelled):
        search.near(lambda places: held[places], len(held), stop)
