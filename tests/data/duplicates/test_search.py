"""Near-duplicates are found whatever was done to them, and films of other patients are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.duplicates import candidates, descriptor, search
from cxrtui.data.duplicates.candidates import Candidates, Index
from cxrtui.data.phantoms import generate
from cxrtui.errors import Cancelled
from tests.data.duplicates.copies import EDITS, phantoms, thumbnail

FILMS = 24


def _index(images: np.ndarray) -> Index:
    raw = descriptor.described(images)
    whitening = descriptor.Whitening(raw)
    return Index(whitening, whitening(raw), np.arange(len(raw)), np.zeros(len(raw), np.bool_))


def test_the_nearest_films_are_those_of_all_also_where_few_are_in_memory_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.random.default_rng(0).normal(size=(150, 24, 24)).astype(np.float32)
    monkeypatch.setattr(candidates, "_LEAST", 0.0)  # none of these films is like another
    index, owners = _index(images), np.arange(len(images))
    asked = images[:40], owners[:40], np.zeros(40, np.bool_)
    whole = index.nearest(*asked, other=True)
    assert set(np.bincount(whole.films[:, 0])) == {16}
    alike = np.abs(index.whole[:40] @ index.whole.T)  # as they are; windows may be still more alike
    for place in range(40):
        others = np.delete(alike[place], place)
        worst = whole.scores[whole.films[:, 0] == place].min()
        assert (others > worst + 1e-5).sum() <= 16
    monkeypatch.setattr(candidates, "_COLUMNS", 16)
    monkeypatch.setattr(candidates, "_STRETCH", 48)
    pieces = index.nearest(*asked, other=True)
    np.testing.assert_array_equal(pieces.films, whole.films)
    np.testing.assert_allclose(pieces.scores, whole.scores, rtol=1e-5)
    for name, values in vars(Candidates.of(whole.packed())).items():
        np.testing.assert_array_equal(values, getattr(whole, name))


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_search_is_the_same_again_and_can_be_stopped(
    films: tuple[np.ndarray, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = films[0][20:34]

    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled

    def found() -> list[search.Near]:
        return search.near(lambda places: held[places], len(held), lambda *said: None)

    first = found()
    assert first
    assert found() == first
    monkeypatch.setattr(search, "_AT_ONCE", 3)  # as of more films than are in memory at once
    assert found() == first
    with pytest.raises(Cancelled):
        search.near(lambda places: held[places], len(held), stop)
