"""This module finds series of films in file names: ``x-day0``, ``x-day7``; ``x-a``, ``x-b``; ``x12_01``, ``x12_02``.

Authors and publishers name films of one patient like this. A name alone says nothing, so films are a series only if
they have the same finding and differ in that ending. What is before a letter or a number must name somebody: it has a
digit that is not part of a disease's name, since ``covid19_01`` and ``covid19_02`` may well be two patients.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from cxrtui.data.films import Film

_VIEW = re.compile(r"[-_ .](?:PA|AP|L|LAT|LATERAL|SUPINE|ERECT)$", re.IGNORECASE)
_TIME = re.compile(
    r"[-_ .](?:day[-_ ]?\d{1,3}|\d{1,3}[-_ ]?(?:hours?|days?|weeks?|months?)|admission|discharge|follow-?up\d{0,2})$",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?:[-_ ]|(?<=\d))[a-h]\d?$")
_NUMBER = re.compile(r"_\d\d$")
_DISEASE = re.compile(
    r"covid[-_ ]?(?:20)?19|sars[-_ ]?cov[-_ ]?2|2019[-_ ]?ncov|ncov[-_ ]?2019|(?:19|20)\d\d", re.IGNORECASE
)
_MOST = 30  # films of one series


def series(films: Iterable[Film]) -> dict[str, str]:
    """Return the patient of each film that belongs to a series, by the film's name."""
    held: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for film in films:
        stem = film.path.stem
        if begin := _beginning(stem):
            held[film.label, begin.casefold()][film.name] = stem
    return {
        name: f"{label}/{begin}"
        for (label, begin), names in held.items() if 1 < len(names) <= _MOST and len(set(names.values())) > 1
        for name in names
    }  # fmt: skip


def _beginning(stem: str) -> str:
    """Return what is before the ending that numbers a series; empty if the name has no such ending."""
    stem = _VIEW.sub("", stem)
    if (before := _TIME.sub("", stem)) != stem:
        return _VIEW.sub("", before)
    for ending in (_LETTER, _NUMBER):
        before = ending.sub("", stem)
        if before != stem:
            return before if any(map(str.isdigit, _DISEASE.sub("", before))) else ""
    return ""
