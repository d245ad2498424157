"""Lists of films that take few bytes a film, against lists that hold the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cxrtui.data.films import Film
from cxrtui.data.records import Classed, Digests, Paths, alike

SHA = [hashlib.sha256(bytes([number])).hexdigest() for number in range(6)]
TEXTS = [*SHA, "0" * 64, "0" * 62 + "10", "1" + "0" * 63, "unreadable 13", "not a file", SHA[0].upper(), ""]


@given(st.lists(st.sampled_from(TEXTS)))
def test_digests_are_kept_in_bytes_and_say_what_they_were_given(texts: list[str]) -> None:
    digests = Digests(texts)
    assert digests == texts
    assert [digests[place] for place in range(-len(texts), len(texts))] == texts * 2
    assert digests[1:3] == texts[1:3]
    assert list(digests.order()) == sorted(range(len(texts)), key=texts.__getitem__)
    expected = {(texts.index(text), place) for place, text in enumerate(texts) if texts.index(text) != place}
    assert set(digests.alike()) == set(alike(texts)) == set(alike(digests)) == expected


def test_a_list_is_equal_only_to_one_with_the_same_items() -> None:
    assert Digests(SHA) != SHA[:-1]
    assert Digests(SHA) != [*SHA[:-1], SHA[0]]
    assert Digests(SHA) != 6


def test_paths_are_those_of_the_films_also_of_several_folders() -> None:
    here, there = Path("/films"), Path("/other/films")
    films = [
        Film(root=here, name="a/1.png", label="x"),
        Film(root=there, name="second/a/1.png", label="x", prefix="second/"),
        Film(root=Path(), name="/elsewhere/2.png", label="x"),
        Film(root=here, name="a/b/../3.png", label="x"),
    ]
    paths = Paths(films)
    assert paths == [str(film.path) for film in films]
    assert paths[-1] == str(films[-1].path)
    classed = Classed(zip(films, [0, 1, 1, 0], strict=True))
    assert list(classed) == [(films[0], 0), (films[1], 1), (films[2], 1), (films[3], 0)]
    assert classed[2] == (films[2], 1)
