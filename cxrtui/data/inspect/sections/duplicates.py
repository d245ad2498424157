"""This section lists films that show one exposure."""

from __future__ import annotations

from cxrtui.data.duplicates.relations import IDENTICAL, NEAR, Relation
from cxrtui.data.inspect.duplicates import Duplicates
from cxrtui.data.inspect.section import Conclusion, Look, Pair, Section

_WORDS = {IDENTICAL: "pairs of identical files", NEAR: "pairs of near-duplicates"}


def section(look: Look) -> Section:
    """Count pairs of copies by kind, list them, and say what is wrong with them."""
    found = look.duplicates
    if found is None:
        return Section("duplicates", "duplicates", notes=["not looked for, for which films are decoded"])
    kinds = [item.kind for item in found.relations]
    counts = {words: kinds.count(kind) for kind, words in _WORDS.items() if kind in kinds}
    return Section(
        "duplicates", "duplicates", counts, _notes(found), unit="",
        pairs=[_pair(found, item) for item in (*found.conflicts, *_others(found))], conclusion=_conclusion(found),
    )  # fmt: skip


def _others(found: Duplicates) -> list[Relation]:
    conflicts = set(found.conflicts)
    return [item for item in found.relations if item not in conflicts]


def _notes(found: Duplicates) -> list[str]:
    notes = [] if found.near else ["identical files alone; near-duplicates are looked for by data.duplicates=near"]
    if groups := found.groups:
        notes.append(
            f"{sum(map(len, groups)):,} films show {len(groups):,} exposures; a new split keeps these together"
        )
    names, persons = found.shared
    if names:
        notes.append(
            f"{names:,} names of patients share films, and are {persons:,} person{'s' * (persons != 1)} in a split"
        )
    if found.divided:
        notes.append(f"{len(found.divided):,} pairs are divided between the splits that are given")
    return notes


def _pair(found: Duplicates, item: Relation) -> Pair:
    relation = "identical" if item.kind == IDENTICAL else f"near-duplicates, similarity {item.similarity:.2f}"
    if item in found.conflicts:
        relation += f", {found.films[item.first].label} and {found.films[item.second].label}"
    return Pair(found.path(item.first), found.path(item.second), relation)


def _conclusion(found: Duplicates) -> Conclusion | None:
    if not found.conflicts:
        return None
    many = len(found.conflicts) > 1
    pairs = f"{len(found.conflicts):,} pair{'s' * many} of copies {'have' if many else 'has'}"
    return Conclusion(False, f"{pairs} two findings; a training stops at these: correct the wrong one, leave it out "
                      "(data.exclude), or leave all out with --set data.conflicts=drop")  # fmt: skip
