"""This module says which patients and copies a split divides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cxrtui.data.duplicates import relations
from cxrtui.data.films import SPLIT_NAMES
from cxrtui.data.prepared.splits import Chosen, Pairs, groups_of
from cxrtui.data.records import alike
from cxrtui.printable import printable


def leaks(films: Chosen, digests: Sequence[str], of_film: Sequence[str], copies: Pairs = ()) -> str:
    """Return what a split divides, in one sentence without an end; empty if it divides no patient and no copies.

    A validation or test film is counted if another film of its patient, or a copy of it, is in an earlier split.
    `copies` are as in `groups_of`.
    """
    apart = Counter[str]()
    example = ""
    for group in groups_of(films, digests, copies):
        first: dict[str, int] = {}
        for place in group:
            if of_film[place]:
                first.setdefault(of_film[place], place)
        held = [split for split in SPLIT_NAMES if split in first]
        for split in held[1:]:
            apart[split] += sum(of_film[place] == split for place in group)
        if len(held) > 1 and not example:
            one, other = first[held[0]], first[held[-1]]
            example = (f"{printable(films[other][0].name)} in {held[-1]} and {printable(films[one][0].name)} in "
                       f"{held[0]}")  # fmt: skip
    if not apart:
        return ""
    total = Counter(of_film)
    numbers = " and ".join(
        f"{apart[split]:,} of {total[split]:,} {split} films" for split in SPLIT_NAMES if apart[split]
    )
    divided = _divided(films, digests, of_film, copies)
    return f"{numbers} have their patient or a copy in an earlier split ({divided}; one is {example})"


def _divided(films: Chosen, digests: Sequence[str], of_film: Sequence[str], copies: Pairs) -> str:
    """Return how many patients, identical films and near-duplicates are in more than one split, in words."""

    def count(pairs: Iterable[tuple[int, int]]) -> int:
        """Count groups, of those that `pairs` make, with more than one split."""
        made = relations.groups(len(films), pairs)
        return sum(len({of_film[place] for place in group} - {""}) > 1 for group in made)

    near = [pair for pair in copies if digests[pair[0]] != digests[pair[1]]]
    patients, same, nearly = (
        count(pairs) for pairs in (alike(film.patient for film, _ in films), alike(digests), near)
    )
    kinds = ((patients, "patient", "patients"), (same, "identical film", "identical films"),
             (nearly, "near-duplicate", "near-duplicates"))  # fmt: skip
    return ", ".join(f"{number:,} {many if number > 1 else one}" for number, one, many in kinds if number) + " divided"
