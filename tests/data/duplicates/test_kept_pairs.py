"""Pairs that were found once are not searched anew, neither for the same films nor after some are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.duplicates import kept_pairs
from cxrtui.data.duplicates.relations import NEAR, related
from cxrtui.data.films import Film
from cxrtui.files import sha256
from tests.data.duplicates.copies import phantoms


def test_a_part_of_a_set_has_the_pairs_of_the_set(tmp_path: Path) -> None:
    assert kept_pairs.find(tmp_path, "abc") is None
    kept_pairs.write(tmp_path, "abcd", [("a", "b", 0.9), ("c", "d", 0.95)])
    assert kept_pairs.find(tmp_path, "dcba") == [("a", "b", 0.9), ("c", "d", 0.95)]
    assert kept_pairs.find(tmp_path, "abc") == [("a", "b", 0.9)]
    assert kept_pairs.find(tmp_path, "abe") is None


def test_a_torn_file_is_left_out(tmp_path: Path) -> None:
    kept_pairs.write(tmp_path, "ab", [("a", "b", 0.9)])
    [file] = tmp_path.iterdir()
    file.write_text(file.read_text()[:-9])
    assert kept_pairs.find(tmp_path, "ab") is None


@pytest.mark.slow
def test_films_that_are_left_out_cost_no_search(tmp_path: Path) -> None:
    films = []
    for place, image in enumerate(phantoms(tmp_path / "made", 4, size=64)):
        for name, values in ((f"{place}.png", image), (f"{place}-copy.png", image.point(lambda grey: grey // 2 + 60))):
            values.save(tmp_path / name)
            films.append(Film(root=tmp_path, name=name, label=""))
    digests = [sha256(film.path) for film in films]
    phases = list[str]()
    found = related(films, digests, lambda phase, done, total: phases.append(phase), near=True)
    assert {(0, 1), (2, 3), (4, 5), (6, 7)} <= {(item.first, item.second) for item in found}
    phases.clear()
    left = related(films[:3], digests[:3], lambda phase, done, total: phases.append(phase), near=True)
    assert left == [item for item in found if item.second < 3]
    assert all(item.kind == NEAR for item in left)
    assert not phases
