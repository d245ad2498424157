"""Finds out from splits.csv whether runs were trained and tested on the same films."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from cxrtui.files import read_text
from cxrtui.printable import in_list
from cxrtui.runs.compare import and_more
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot

_MOST = 1 << 30  # bytes


def splits_of(run: Run) -> dict[str, str] | None:
    """Return the split of each film of `run` by the SHA-256 of its file; None if splits.csv does not say."""
    try:
        rows = csv.DictReader(io.StringIO(read_text(run.splits_file, _MOST), newline=""))
        return {row["sha256"]: row["part"] for row in rows if row["sha256"]} or None
    except (OSError, ValueError, KeyError, csv.Error):
        return None


def remarks(runs: Sequence[Snapshot], reference: int, splits: Mapping[Run, Mapping[str, str] | None]) -> list[str]:
    """Return a sentence on each run whose films or splits are not those of the run at `reference`.

    Args:
        runs: snapshots.
        reference: place of the run with which the others are compared.
        splits: `splits_of` each run whose log does not have the same hash of its splits as the reference's.
    """
    found = []
    for place, item in enumerate(runs):
        if place == reference or same_splits(item, runs[reference]):
            continue
        found += _remark(item, runs[reference], splits.get(item.run), splits.get(runs[reference].run))
    return found


def unknown(runs: Sequence[Snapshot], reference: int, splits: Mapping[Run, Mapping[str, str] | None]) -> list[str]:
    """Return a sentence on the runs that may have other films than the run at `reference`; arguments as `remarks`."""
    other = runs[reference]
    found = [
        in_list(item.run.name)
        for place, item in enumerate(runs)
        if place != reference
        and not same_splits(item, other)
        and (item.state.data and other.state.data)
        and not (item.state.data.division and other.state.data.division)
        and (splits.get(item.run) is None or splits.get(other.run) is None)
    ]
    if not found:
        return []
    return [f"It is not known whether {and_more(found)} and {in_list(other.run.name)} have the same films in the same "
            "splits."]  # fmt: skip


def same_splits(run: Snapshot, other: Snapshot) -> bool:
    """Return whether both logs say that the films and their splits are the same."""
    data, others = run.state.data, other.state.data
    return data is not None and others is not None and bool(data.division) and data.division == others.division


def _remark(
    run: Snapshot, other: Snapshot, films: Mapping[str, str] | None, others: Mapping[str, str] | None
) -> list[str]:
    name, reference = in_list(run.run.name), in_list(other.run.name)
    if run.state.data is None or other.state.data is None:
        return []  # it has no films yet
    if films is None or others is None:
        known = run.state.data.division and other.state.data.division
        return [f"{name} and {reference} have not the same films in the same splits."] if known else []
    if films == others:
        return []
    test, other_test = _in(films, "test"), _in(others, "test")
    found = []
    if films.keys() != others.keys():
        found.append(
            f"Not the same films: {name} has {len(films):,}, {reference} has {len(others):,}, and "
            f"{len(films.keys() & others.keys()):,} are in both."
        )
    else:
        found.append(f"Not the same splits: {name} and {reference} split the same {len(films):,} films in two ways.")
    if test != other_test:
        found.append(
            f"Of their {len(test):,} and {len(other_test):,} test films {len(test & other_test):,} are the same, so a "
            "difference of their results may come from the films."
        )
    seen = len(test & (_in(others, "train") | _in(others, "validation")))
    seen_too = len(other_test & (_in(films, "train") | _in(films, "validation")))
    if seen and seen_too:
        found.append(
            f"{reference} was trained or tuned on {seen:,} of the test films of {name}, and {name} on {seen_too:,} of "
            f"those of {reference}, so neither says anything on the test films of the other."
        )
    elif seen or seen_too:
        trained, tested = (reference, name) if seen else (name, reference)
        found.append(
            f"{trained} was trained or tuned on {seen or seen_too:,} of the test films of {tested}, so it says nothing "
            "on these."
        )
    return [" ".join(found)]


def _in(films: Mapping[str, str], split: str) -> set[str]:
    return {digest for digest, name in films.items() if name == split}
