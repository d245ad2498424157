"""This module groups notes on how films were read by kind, so that a thousand films of one scanner give one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from cxrtui.printable import listing
from cxrtui.runs.events import Warned

_FIRST = 3  # films that a line names
_KINDS = 20  # lines in a log
# A value in a note, which does not make another kind; a tag's number, as in (0028,1053), does.
_NUMBER = re.compile(r"(?<![\w(,.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Kind:
    """A note on the films `names`; ``…`` stands for a value that differs among them."""

    text: str
    names: list[str]


def by_kind(noted: Iterable[tuple[str, Iterable[str]]]) -> list[Kind]:
    """Return the kinds among the notes of films (a name and its notes), the most frequent first, then in order."""
    kinds: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for name, notes in noted:
        for note in notes:
            words, values = _NUMBER.split(note), _NUMBER.findall(note)
            same, names = kinds.setdefault(tuple(words), (values, []))
            same[:] = [one if one == other else "…" for one, other in zip(same, values, strict=True)]
            if not names or names[-1] != name:
                names.append(name)
    found = [
        Kind("".join(map("".join, zip_longest(words, values, fillvalue=""))), names)
        for words, (values, names) in kinds.items()
    ]
    return sorted(found, key=lambda kind: -len(kind.names))


def warnings(kinds: list[Kind]) -> list[Warned]:
    """Return a warning event for each kind."""
    found = []
    for kind in kinds[:_KINDS]:
        count, more = len(kind.names), len(kind.names) - _FIRST
        named = listing(kind.names[:_FIRST]) + (f" and {more:,} more" if more > 0 else "")
        films = "1 film" if count == 1 else f"{count:,} films"
        found.append(Warned(code="film-notes", message=f"Of {films}: {kind.text} ({named})."))
    if (rest := len(kinds) - _KINDS) > 0:
        found.append(Warned(code="film-notes", message=f"{rest} rarer remarks on films; data inspect lists them."))
    return found
