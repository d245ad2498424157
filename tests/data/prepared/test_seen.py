"""Which films a classifier knows from its training."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cxrtui.data.duplicates.known import known
from cxrtui.data.duplicates.thumbnails import key_of, thumbnails
from cxrtui.data.phantoms import generate
from cxrtui.data.prepared.seen import COPY, SAME, Seen, familiar
from cxrtui.data.sources.collect import read_sources
from cxrtui.files import sha256

pytestmark = pytest.mark.slow


def test_phantoms_of_another_seed_are_unseen_and_copies_under_other_names_are_not(tmp_path: Path) -> None:
    def quiet(*_: object) -> None:
        """Nobody looks."""

    for seed in (0, 5):
        generate(tmp_path / str(seed), count=10, seed=seed, size=96)
    films = list(read_sources(str(tmp_path / "0")).films)
    digests = [sha256(film.path) for film in films]
    held = thumbnails([(film, key_of(film, digest)) for film, digest in zip(films, digests, strict=True)], quiet)
    seen = Seen(frozenset(digests), known(films, held.read, len(held), quiet))
    assert {found.reason for found in familiar(films, digests, seen, quiet).values()} == {SAME}

    others = list(read_sources(str(tmp_path / "5")).films)
    assert familiar(others, [sha256(film.path) for film in others], seen, quiet) == {}

    for number, film in enumerate(films[:2]):
        place = tmp_path / "copies" / "COVID-19" / f"{number}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.open(film.path).save(place)
    copies = list(read_sources(str(tmp_path / "copies")).films)
    found = familiar(copies, [sha256(film.path) for film in copies], seen, quiet)
    assert [item.reason for item in found.values()] == [COPY, COPY]
