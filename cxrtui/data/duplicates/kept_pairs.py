"""This module keeps which films of a set are near-duplicates, by the films' content, for that set and parts of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cxrtui.files import read_text, write_atomic

KeyPair = tuple[str, str, float]
"""Two films, by `thumbnails.key_of`, and how alike they are."""
_MOST = 1 << 30  # bytes of a file
_EARLIER = 16  # sets that are looked through, the newest first


def find(folder: Path, keys: Iterable[str]) -> list[KeyPair] | None:
    """Return the pairs that an earlier search found among the films of `keys`, or of more films; None for none."""
    wanted = frozenset(keys)
    own = _file(folder, wanted)
    others = list[tuple[int, Path]]()
    with suppress(OSError):
        others = [(file.stat().st_mtime_ns, file) for file in folder.glob("*.json") if file != own]
    for file in [own, *(file for _, file in sorted(others, reverse=True)[:_EARLIER])]:
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            body = json.loads(read_text(file, _MOST))
            if wanted.issubset(body["keys"]):
                pairs = [(str(one), str(other), float(alike)) for one, other, alike in body["pairs"]]
                return [(one, other, alike) for one, other, alike in pairs if one in wanted and other in wanted]
    return None


def write(folder: Path, keys: Iterable[str], pairs: Sequence[KeyPair]) -> None:
    """Keep the `pairs` that a search among the films of `keys` found; where the disk refuses, nothing is kept."""
    known = frozenset(keys)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(_file(folder, known), json.dumps({"keys": sorted(known), "pairs": pairs}), durable=False)


def _file(folder: Path, keys: Iterable[str]) -> Path:
    return folder / f"{hashlib.sha256(json.dumps(sorted(keys)).encode()).hexdigest()[:32]}.json"
