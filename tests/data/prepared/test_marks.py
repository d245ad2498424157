"""What a run records of its films and splits is one JSON text, also where the program never holds all of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cxrtui.data.films import Display, Film
from cxrtui.data.prepared.continued import content_of, splits_hash


def _mark(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_hashes_are_of_the_sorted_lines(count: int) -> None:
    """Films of one content are in the order of their classes, displays and splits."""
    shown = (None, Display((40.0, 400.0)), Display(None, inverted=True))
    films = [(Film(root=Path(), name=f"{place}.png", label="", display=shown[place % 3]), place % 2)
             for place in range(count)]  # fmt: skip
    digests = [hashlib.sha256(bytes([place // 5])).hexdigest() for place in range(count)]
    of_film = [("train", "", "test")[place % 3] for place in range(count)]
    lines = sorted(
        json.dumps([digest, index, [film.display.window, film.display.inverted] if film.display else None])
        for (film, index), digest in zip(films, digests, strict=True)
    )
    settings = {"version": 1, "side": 8}
    assert content_of(films, digests, settings, ["a", "b"]) == _mark([settings, ["a", "b"], lines])
    parts = sorted(f"{digest} {split}" for digest, split in zip(digests, of_film, strict=True))
    assert splits_hash(digests, of_film) == _mark(parts)
