"""This module prepares films for training from a configuration, in three splits.

Its functions are generators of events; the caller may stop iterating, or ask them to stop::

    films = yield from prepare(config, splits_out=run.splits_file, check_cancelled=check_cancelled)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cxrtui.data.duplicates.known import FILE as KNOWN
from cxrtui.data.duplicates.known import known
from cxrtui.data.duplicates.thumbnails import key_of, thumbnails
from cxrtui.data.films import SPLIT_NAMES
from cxrtui.data.pool import OnProgress, reported
from cxrtui.data.prepared import split_files, splits
from cxrtui.data.prepared.continued import FilmRecord, check_splits, content_of, restore, splits_hash
from cxrtui.data.prepared.copies import CONFLICTS, Copies
from cxrtui.data.prepared.dividing import assigned, check_given, first_splits
from cxrtui.data.prepared.leaks import leaks
from cxrtui.data.prepared.making_ready import split_of, summary
from cxrtui.data.prepared.reading import Readable, read
from cxrtui.data.prepared.ready import Prepared, Split
from cxrtui.data.prepared.relating import cautions, compared, contradicting
from cxrtui.data.store import PIXELS_VERSION
from cxrtui.errors import CheckCancelled, never_cancelled
from cxrtui.memory import give_back
from cxrtui.runs.events import SPLIT_LEAKS, Event, Preparing, Warned
from cxrtui.settings.config import Config

__all__ = ["Prepared", "Split", "prepare"]


def prepare(
    config: Config,
    *,
    splits_out: Path | None = None,
    record: FilmRecord | None = None,
    check_cancelled: CheckCancelled = never_cancelled,
) -> Generator[Event, None, Prepared]:
    """Prepare the films that `config.data` names, in three splits.

    Yields `Preparing` about ten times a second, `Warned`, and one `DataPrepared` at the end. The splits are written to
    `splits_out`, if given, as splits.csv. `record` is that of a resumed run, whose films and splits must be equal.

    Raises:
        DataError: the source, its labels or its split cannot be used, too many films are unreadable, or films or splits
            differ from `record`.
        Cancelled: `check_cancelled` said so.
    """
    started = time.monotonic()
    data = config.data
    ready = yield from read(data, data.source, check_cancelled)
    yield from cautions(ready)
    settings = {"side": ready.store.size, "fit": data.resize_mode, "version": PIXELS_VERSION}
    content = content_of(ready.films, ready.digests, settings, ready.labels.names)
    if record is not None and record.content:
        ready, kept, renamed = restore(ready, content, record)
        if renamed:
            yield Warned(code="films-moved", message=f"{renamed:,} of {len(kept):,} films have other names than when "
                         "the run began; they were matched by their content.")  # fmt: skip
        check_splits(ready.films, ready.digests, kept, partial(first_splits, config, ready), record)
        check_given(data.splits, ready, kept, record)
        splits.check(ready.films, kept)
        found, groups = splits.Splits(kept), _groups_before(record)
    else:
        if record is not None and data.splits == str(record.file):  # the run's own split, which is kept as it is
            found, groups = split_files.read(data.splits, ready.films), []
        else:
            copies = yield from compared(data, ready, check_cancelled)
            found = yield from _new_splits(config, ready, copies)
            groups = splits.group_names(ready.digests, copies.pairs)
    if splits_out is not None:
        split_files.write(splits_out, ready.films, ready.digests, found.of_film, groups)
        if data.duplicates == "near" and (record is None or not record.content):
            yield from _keep_known(splits_out.with_name(KNOWN), ready, found.of_film, check_cancelled)
    places = {
        name: np.fromiter((i for i, split in enumerate(found.of_film) if split == name), np.int64)
        for name in SPLIT_NAMES
    }
    give_back()
    persons = splits.persons(ready.films, ready.digests, groups)
    prepared = {name: split_of(ready, rows, persons) for name, rows in places.items()}
    left_out = dict(sorted((Counter(ready.left_out) + found.left_out).items()))
    told = summary(ready, prepared, left_out, time.monotonic() - started)
    yield replace(told, content=content, division=splits_hash(ready.digests, found.of_film))
    return Prepared(prepared, ready.labels.names, ready.fingerprint, ready.store.size)


def _keep_known(
    file: Path, ready: Readable, of_film: Sequence[str], check_cancelled: CheckCancelled
) -> Generator[Preparing, None, None]:
    """Write to `file` what recognises the training and validation films elsewhere.

    Raises:
        DataError: the disk refuses the films' thumbnails.
        Cancelled: `check_cancelled` said so.
    """
    used = [(film, key_of(film, digest)) for (film, _), digest, split in
            zip(ready.films, ready.digests, of_film, strict=True) if split in ("train", "validation")]  # fmt: skip

    def keep(on_progress: OnProgress) -> None:
        held = thumbnails(used, on_progress)
        known([film for film, _ in used], held.read, len(held), on_progress).write(file)

    yield from reported(keep, "describing films", check_cancelled)


def _new_splits(config: Config, ready: Readable, copies: Copies) -> Generator[Event, None, splits.Splits]:
    """Return the splits of a new run: those of the file ``data.splits``, else new ones; yield a warning for each fault.

    Raises:
        DataError: the file cannot be used, films contradict each other, or a split would lack a class.
    """
    data = config.data
    dropped = yield from contradicting(data, ready, copies)
    if not data.splits:
        new = assigned(config, ready, copies, dropped)
        for reason, count in new.left_out.items():
            yield Warned(
                code="patients-divided",
                message="The source's own split divides patients or copies of films; so that none is in two splits, "
                f"films were left out: {count} {reason}.",
            )
        new.left_out[CONFLICTS] += len(dropped)
        return new
    given = split_files.read(data.splits, ready.films, dropped)
    if given.absent:
        yield Warned(
            code="splits-absent",
            message=f"{Path(data.splits).name} lists {given.absent} films that are not in the data or cannot be read.",
        )
    if divided := leaks(ready.films, ready.digests, given.of_film, copies.pairs):
        yield Warned(
            code=SPLIT_LEAKS,
            message=f"The split of {Path(data.splits).name} leaks: {divided}; no figure of this run is a result on "
            "unseen films.",
        )
    given.left_out[CONFLICTS] += len(dropped)
    return given


def _groups_before(record: FilmRecord) -> list[str]:
    """Return the group of each film in the run's splits.csv, in its order."""
    return [row.get(split_files.GROUP, "") for _, row in split_files.listed(record.file)]
