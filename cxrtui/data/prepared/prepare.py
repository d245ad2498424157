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

from cxrtui.data.films import SPLIT_NAMES, printable
from cxrtui.data.prepared import splits
from cxrtui.data.prepared.continued import Began, check_splits, content_of, moved, restore, splits_hash
from cxrtui.data.prepared.reading import Readable, read
from cxrtui.data.prepared.ready import Prepared, Split
from cxrtui.data.store import PIXELS_VERSION
from cxrtui.errors import CheckCancelled, DataError, never_cancelled
from cxrtui.runs.events import PATIENTS_UNKNOWN, DataPrepared, Event, Warned
from cxrtui.settings.config import Config, DataConfig
from cxrtui.workspace import expand

__all__ = ["Prepared", "Split", "load_evaluation", "prepare"]


def prepare(
    config: Config,
    *,
    splits_out: Path | None = None,
    began: Began | None = None,
    check_cancelled: CheckCancelled = never_cancelled,
) -> Generator[Event, None, Prepared]:
    """Prepare the films that `config.data` names, in three splits.

    Yields `Preparing` about ten times a second, `Warned`, and one `DataPrepared` at the end. The splits are written to
    `splits_out`, if given, as splits.csv. `began` is the record of a resumed run, whose films and splits must be equal.

    Raises:
        DataError: the source, its labels or its split cannot be used, too many films are unreadable, or films or splits
            differ from `began`.
        Cancelled: `check_cancelled` said so.
    """
    started = time.monotonic()
    data = config.data
    ready = yield from read(data, data.source, check_cancelled)
    if unknown := sum(not film.patient_known for film, _ in ready.films):
        yield _leakage(unknown, len(ready.films))
    settings = {"side": ready.store.size, "fit": data.resize_mode, "version": PIXELS_VERSION}
    content = content_of(ready.films, ready.digests, settings, ready.labels.names)
    if began is not None and began.content:
        ready, kept, renamed = restore(ready, content, began)
        if renamed:
            yield Warned(code="films-moved", message=f"{renamed:,} of {len(kept):,} films have other names than when "
                         "the run began; they are told by what is in them.")  # fmt: skip
        check_splits(ready.films, ready.digests, kept, partial(_first_splits, config, ready), began)
        _check_given(data.splits, ready, kept, began)
        splits.check(ready.films, kept)
        found = splits.Splits(kept)
    else:
        found = yield from _new_splits(config, ready)
    if splits_out is not None:
        splits.write(splits_out, ready.films, ready.digests, found.of_film)
    places = {name: [i for i, split in enumerate(found.of_film) if split == name] for name in SPLIT_NAMES}
    prepared = {name: _split(ready, rows) for name, rows in places.items()}
    left_out = dict(sorted((Counter(ready.left_out) + found.left_out).items()))
    summary = _summary(ready, prepared, left_out, time.monotonic() - started)
    yield replace(summary, content=content, division=splits_hash(ready.digests, found.of_film))
    return Prepared(prepared, ready.labels.names, ready.fingerprint, ready.store.size)


def _new_splits(config: Config, ready: Readable) -> Generator[Event, None, splits.Splits]:
    """Return the splits of a new run: those of the file ``data.splits``, else new ones; yield a warning for each fault.

    Raises:
        DataError: the file cannot be used, or a split would lack a class.
    """
    data = config.data
    if not data.splits:
        made = splits.assign(
            ready.films, ready.digests, seed=config.run.seed, validation=data.validation, test=data.test
        )
        for reason, count in made.left_out.items():
            yield Warned(
                code="patients-divided",
                message="The source's own split divides patients or copies of films; so that none is in two splits, "
                f"films were left out: {count} {reason}.",
            )
        return made
    given = splits.read(data.splits, ready.films)
    if given.absent:
        yield Warned(
            code="splits-absent",
            message=f"{data.splits} lists {given.absent} films that are not in the data or cannot be read.",
        )
    if twice := splits.copies_apart(ready.digests, given.of_film):
        yield Warned(
            code="copies-divided",
            message=f"{data.splits} puts copies of {twice} films into more than one split; what the test split says "
            "of them is not of unseen films.",
        )
    return given


def _first_splits(config: Config, ready: Readable) -> list[str] | None:
    """Return the split of each film when the run began; None where it cannot be computed again."""
    data = config.data
    try:
        if data.splits:
            return splits.read(data.splits, ready.films).of_film
        by_name = sorted(range(len(ready.films)), key=lambda place: ready.films[place][0].name)
        films, digests = [ready.films[i] for i in by_name], [ready.digests[i] for i in by_name]
        made = splits.assign(films, digests, seed=config.run.seed, validation=data.validation, test=data.test).of_film
    except DataError:
        return None
    return [split for _, split in sorted(zip(by_name, made, strict=True))]


def _check_given(file: str, ready: Readable, kept: Sequence[str], began: Began) -> None:
    """Check that the file ``data.splits``, if it still exists, gives the same splits as when the run began.

    Raises:
        DataError: it gives others.
    """
    path = expand(file)
    if not file or path == began.file or not path.is_file():
        return
    there = {row["path"]: row["part"] for _, row in splits.listed(path)}
    now = [there.get(printable(film.name).strip(), there.get(printable(film.path).strip(), split))
           for (film, _), split in zip(ready.films, kept, strict=True)]  # fmt: skip
    if what := moved(ready.films, kept, now):
        raise DataError(
            f"{printable(path)} was changed since run {began.name} began with it: {what}; put the old file back, or "
            "start a new run with the new one."
        )


def load_evaluation(
    data: DataConfig,
    path: str | Path | Sequence[str],
    *,
    trained: Sequence[str] = (),
    check_cancelled: CheckCancelled = never_cancelled,
) -> Generator[Event, None, Prepared]:
    """Prepare every film at `path`, or at several paths, as one split, ``all``; the events are those of `prepare`.

    Classes, size and resize mode are those of `data`. Where nothing else decides the classes, they are `trained`, the
    negative and the positive name of a classifier. Where `path` has other classes than `data` names, pass a `data` that
    names the classes of `path`.

    Raises:
        DataError: as in `prepare`; a single class with films is enough only if both are named and found.
        Cancelled: `check_cancelled` said so.
    """
    began = time.monotonic()
    ready = yield from read(data, path, check_cancelled, partial=True, trained=trained)
    prepared = {"all": _split(ready, range(len(ready.films)))}
    yield _summary(ready, prepared, ready.left_out, time.monotonic() - began)
    return Prepared(prepared, ready.labels.names, ready.fingerprint, ready.store.size)


def _leakage(unknown: int, total: int) -> Warned:
    whose = "no film's patient is known" if unknown == total else f"{unknown} of {total} films' patients are not known"
    return Warned(
        code=PATIENTS_UNKNOWN,
        message=f"Leakage by patient cannot be excluded: {whose}, so each such film counts as a patient of its own; "
        "give a manifest with a patient column, or data.patient_pattern.",
    )


def _split(ready: Readable, places: Sequence[int]) -> Split:
    films = [ready.films[place] for place in places]
    return Split(
        labels=np.asarray([class_index for _, class_index in films], np.int32),
        paths=[str(film.path) for film, _ in films],
        patients=[film.patient for film, _ in films],
        sources=[film.source for film, _ in films],
        digests=[ready.digests[place] for place in places],
        store=ready.store,
        rows=np.asarray([ready.rows[place] for place in places], np.int64),
    )


def _summary(ready: Readable, prepared: dict[str, Split], left_out: dict[str, int], seconds: float) -> DataPrepared:
    names = ready.labels.names
    return DataPrepared(
        source=ready.collection.shown,
        fingerprint=ready.fingerprint,
        counts={
            name: {label: int((split.labels == class_index).sum()) for class_index, label in enumerate(names)}
            for name, split in prepared.items()
        },
        patients={name: len(set(split.patients)) for name, split in prepared.items()},
        labels=names,
        left_out=left_out,
        unreadable=ready.unreadable,
        cached=ready.cached,
        seconds=seconds,
    )
