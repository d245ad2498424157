"""This module divides films into new splits, and again those of a run that is resumed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from cxrtui.data.films import printable
from cxrtui.data.pool import no_progress
from cxrtui.data.prepared import split_files, splits
from cxrtui.data.prepared.continued import FilmRecord, moved
from cxrtui.data.prepared.copies import Copies, copies_of
from cxrtui.data.prepared.reading import Readable
from cxrtui.data.records import Classed, Digests
from cxrtui.errors import DataError
from cxrtui.settings.config import Config
from cxrtui.workspace import expand


def assigned(config: Config, ready: Readable, copies: Copies, dropped: Collection[int]) -> splits.Splits:
    """Return a new split of the films.

    Raises:
        DataError: a split would lack a class.
    """
    data = config.data
    return splits.assign(
        ready.films, ready.digests, seed=config.run.seed, validation=data.validation, test=data.test,
        copies=copies.pairs, dropped=dropped,
    )  # fmt: skip


def first_splits(config: Config, ready: Readable) -> Iterator[list[str]]:
    """Yield what the split of each film may have been when the run began, as far as it can be computed again.

    A run of an older version kept only identical files together.
    """
    data = config.data
    by_name = sorted(range(len(ready.films)), key=lambda place: ready.films[place][0].name)
    films = Classed(ready.films[place] for place in by_name)
    digests = Digests(ready.digests[place] for place in by_name)
    ordered = replace(ready, films=films, digests=digests)
    for near in (False, True):
        with suppress(DataError):
            copies = copies_of(ordered.films, ordered.digests, no_progress, near=near, apart=ready.collection.apart)
            for dropped in (set[int](), copies.contradicting(len(by_name))):
                if data.splits:
                    made = split_files.read(data.splits, ordered.films, dropped).of_film
                else:
                    made = assigned(config, ordered, copies, dropped).of_film
                yield [split for _, split in sorted(zip(by_name, made, strict=True))]


def check_given(file: str, ready: Readable, kept: Sequence[str], record: FilmRecord) -> None:
    """Check that the file ``data.splits``, if it still exists, gives the same splits as when the run began.

    Raises:
        DataError: it gives others.
    """
    path = expand(file)
    if not file or path == record.file or not path.is_file():
        return
    there = {row["path"]: row["part"] for _, row in split_files.listed(path)}
    now = [there.get(printable(film.name).strip(), there.get(printable(film.path).strip(), split))
           for (film, _), split in zip(ready.films, kept, strict=True)]  # fmt: skip
    if what := moved(ready.films, kept, now):
        raise DataError(
            f"{printable(path)} was changed since run {record.name} began with it: {what}; put the old file back, or "
            "start a new run with the new one."
        )
