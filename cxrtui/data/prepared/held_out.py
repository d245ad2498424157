"""Divides films as the protocols of studies do: which of them are tested, and which are left to train and validate.

A division is the split of each film for one training. The films that are tested are in no other split; where a protocol
says so, neither are other films of their patients, nor copies of them. Divisions depend only on the seed and the films.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cxrtui.data.prepared.folds import TOGETHER, Row, assign, groups
from cxrtui.errors import DataError
from cxrtui.printable import listing
from cxrtui.runs.size import counted

UNNAMED = "films without a source"
_NAMED = 6  # sources that a message names


@dataclass(frozen=True)
class Division:
    """One division of the films.

    Attributes:
        held_out: what is tested, such as ``fold 2`` or the name of a source.
        splits: the split of each film, ``[N]``; empty for a film that is not used.
        left_out: films that are not used because their patient or a copy of them is on the other side.
    """

    held_out: str
    splits: tuple[str, ...]
    left_out: int = 0


def by_folds(
    rows: Sequence[Row], used: Sequence[int], *, folds: int, seed: int, validation: float, by_patient: bool
) -> list[Division]:
    """Return the divisions of a cross-validation: each film is tested once.

    Args:
        rows: all films, as `folds.assign` takes them; their labels are the two classes.
        used: the indices of the films that are divided.
        folds: how many.
        seed: of the folds.
        validation: the share of the films outside a fold that validates its training.
        by_patient: whether films of one patient and copies of a film stay together.

    Raises:
        DataError: a split would lack a class.
    """
    together = TOGETHER if by_patient else ()
    fold_of = assign(rows, folds=folds, seed=seed, places=used, together=together)
    made = []
    for fold in range(folds):
        tested = [place for place in used if fold_of[place] == fold]
        rest = [place for place in used if fold_of[place] != fold]
        made.append(_division(rows, f"fold {fold + 1}", tested, rest, seed, validation, together,
                              advice="there are too few patients for so many folds, so lower --folds, or add films"
                              ))  # fmt: skip
    return made


def by_sources(
    rows: Sequence[Row], used: Sequence[int], *, seed: int, validation: float
) -> tuple[list[Division], dict[str, str]]:
    """Return a division for each source that holds both classes, and why each other source cannot be tested.

    Films of other sources that show a patient of the tested source, or that are copies of a film of it, are not used.

    Raises:
        DataError: no source holds both classes, or a split would lack a class.
    """
    held: dict[str, Counter[str]] = {}
    for place in used:
        held.setdefault(rows[place]["source"], Counter())[rows[place]["label"]] += 1
    tested = sorted(source for source, classes in held.items() if source and len(classes) == 2)
    untested = {
        source or UNNAMED: f"only {' and '.join(f'{count} {label}' for label, count in classes.items())}"
        if source else f"{counted(classes.total(), 'film')} of unknown origin"
        for source, classes in sorted(held.items()) if source not in tested
    }  # fmt: skip
    if not tested:
        known = sorted(filter(None, held))
        there = f"the sources are {listing(known[:_NAMED])}" if known else "no film names its source"
        raise DataError(
            f"No source can be left out, because none holds both classes ({there}); join films of several places with "
            "more than one --data, or give a manifest with a source column."
        )
    if len(held) == 1:
        raise DataError(f"All films are of one source, {tested[0]}, so none is left to train on when it is left out; "
                        "join films of other places with more --data, or choose --protocol patient-kfold.")  # fmt: skip
    made = []
    for source in tested:
        own = [place for place in used if rows[place]["source"] == source]
        others = set(used).difference(own)
        rest = sorted(others.difference(_related(rows, used, own)))
        made.append(_division(rows, source, own, rest, seed, validation, TOGETHER, len(others) - len(rest)))
    return made, untested


def external(
    rows: Sequence[Row], used: Sequence[int], outside: Collection[int], *, seed: int, validation: float
) -> Division:
    """Return the division that tests the films at the indices `outside` and trains on all others.

    Films to test that show a patient of the training, or that are copies of a film of it, are not used.

    Raises:
        DataError: a split would lack a class.
    """
    inside = [place for place in used if place not in outside]
    others = [place for place in used if place in outside]
    related = _related(rows, used, inside)
    tested = [place for place in others if place not in related]
    return _division(rows, "external", tested, inside, seed, validation, TOGETHER, len(others) - len(tested),
                     "--data and --external must each name films of both classes")  # fmt: skip


def divided(rows: Sequence[Row], divisions: Sequence[Division]) -> int:
    """Return how many tested films have their patient or a copy among the films of their training, over all divisions.

    A film that is tested in several divisions counts in each.
    """
    found = 0
    for division in divisions:
        used = [place for place, split in enumerate(division.splits) if split]
        for group in groups(rows, used):
            tested = sum(division.splits[place] == "test" for place in group)
            found += tested if tested < len(group) else 0
    return found


def _related(rows: Sequence[Row], used: Sequence[int], own: Sequence[int]) -> set[int]:
    """Return the indices of the films that share a patient or their content with those at `own`, these included."""
    chosen = set(own)
    return {place for group in groups(rows, used) if not chosen.isdisjoint(group) for place in group}


def _division(
    rows: Sequence[Row], held_out: str, tested: Sequence[int], rest: Sequence[int], seed: int, validation: float,
    together: Sequence[str], left_out: int = 0, advice: str = "add films of more patients, or change data.validation",
) -> Division:  # fmt: skip
    """Return the division that tests the films at `tested`; a share of `rest` validates.

    Raises:
        DataError: a split would lack a class.
    """
    parts = max(2, round(1 / validation))
    fold_of = assign(rows, folds=parts, seed=seed, places=rest, together=together)
    held: defaultdict[int | None, set[str]] = defaultdict(set)
    for place in rest:
        held[fold_of[place]].add(rows[place]["label"])
    # Large groups come first, so that later folds are of more patients; with few patients some lack a class.
    chosen = next((fold for fold in reversed(range(parts)) if len(held[fold]) == 2), parts - 1)
    splits = [""] * len(rows)
    for place in rest:
        splits[place] = "validation" if fold_of[place] == chosen else "train"
    for place in tested:
        splits[place] = "test"
    classes = {row["label"] for row in rows}
    for split in ("train", "validation", "test"):
        found = {row["label"] for row, own in zip(rows, splits, strict=True) if own == split}
        if lacking := sorted(classes - found):
            raise DataError(f"With {held_out} held out, the {split} split has no film of {lacking[0]}; {advice}.")
    return Division(held_out, tuple(splits), left_out)
