"""This module prepares films for training from a configuration, in three splits.

Its functions are generators of events; the caller may stop iterating, or ask them to stop::

    films = yield from prepare(config, splits_out=run.splits_file, check_cancelled=check_cancelled)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Container, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from cxrtui.data.duplicates.known import FILE as KNOWN
from cxrtui.data.duplicates.known import known
from cxrtui.data.duplicates.thumbnails import key_of, thumbnails
from cxrtui.data.films import SPLIT_NAMES, printable
from cxrtui.data.pool import OnProgress, no_progress, reported
from cxrtui.data.prepared import splits
from cxrtui.data.prepared.columns import columns_of
from cxrtui.data.prepared.continued import FilmRecord, check_splits, content_of, moved, restore, splits_hash
from cxrtui.data.prepared.copies import CONFLICTS, Copies, contradiction, copies_of, refused
from cxrtui.data.prepared.reading import Places, Readable, read
from cxrtui.data.prepared.ready import Prepared, Split
from cxrtui.data.prepared.seen import Familiar, Seen, familiar
from cxrtui.data.store import PIXELS_VERSION
from cxrtui.errors import CheckCancelled, DataError, never_cancelled
from cxrtui.runs.events import PATIENTS_UNKNOWN, SPLIT_LEAKS, DataPrepared, Event, Preparing, Warned
from cxrtui.settings.config import Config, DataConfig
from cxrtui.workspace import expand

__all__ = ["Prepared", "Split", "load_evaluation", "prepare"]


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
        check_splits(ready.films, ready.digests, kept, partial(_first_splits, config, ready), record)
        _check_given(data.splits, ready, kept, record)
        splits.check(ready.films, kept)
        found, groups = splits.Splits(kept), _groups_before(record)
    else:
        if record is not None and data.splits == str(record.file):  # the run's own split, which is kept as it is
            found, groups = splits.read(data.splits, ready.films), []
        else:
            copies = yield from compared(data, ready, check_cancelled)
            found = yield from _new_splits(config, ready, copies)
            groups = splits.group_names(ready.digests, copies.pairs)
    if splits_out is not None:
        splits.write(splits_out, ready.films, ready.digests, found.of_film, groups)
        if data.duplicates == "near" and (record is None or not record.content):
            yield from _keep_known(splits_out.with_name(KNOWN), ready, found.of_film, check_cancelled)
    places = {
        name: np.array([i for i, split in enumerate(found.of_film) if split == name], np.int64) for name in SPLIT_NAMES
    }
    persons = splits.persons(ready.films, ready.digests, groups)
    prepared = {name: _split(ready, rows, persons) for name, rows in places.items()}
    left_out = dict(sorted((Counter(ready.left_out) + found.left_out).items()))
    summary = _summary(ready, prepared, left_out, time.monotonic() - started)
    yield replace(summary, content=content, division=splits_hash(ready.digests, found.of_film))
    return Prepared(prepared, ready.labels.names, ready.fingerprint, ready.store.size)


def _groups_before(record: FilmRecord) -> list[str]:
    """Return the group of each film in the run's splits.csv, in its order."""
    return [row.get(splits.GROUP, "") for _, row in splits.listed(record.file)]


def compared(data: DataConfig, ready: Readable, check_cancelled: CheckCancelled) -> Generator[Preparing, None, Copies]:
    """Return which of the films show one exposure.

    Raises:
        DataError: the disk refuses.
        Cancelled: `check_cancelled` said so.
    """

    def search(on_progress: OnProgress) -> Copies:
        near = data.duplicates == "near"
        return copies_of(ready.films, ready.digests, on_progress, near=near, apart=ready.collection.apart)

    return (yield from reported(search, "comparing films", check_cancelled))


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
        made = _made(config, ready, copies, dropped)
        for reason, count in made.left_out.items():
            yield Warned(
                code="patients-divided",
                message="The source's own split divides patients or copies of films; so that none is in two splits, "
                f"films were left out: {count} {reason}.",
            )
        made.left_out[CONFLICTS] += len(dropped)
        return made
    given = splits.read(data.splits, ready.films, dropped)
    if given.absent:
        yield Warned(
            code="splits-absent",
            message=f"{Path(data.splits).name} lists {given.absent} films that are not in the data or cannot be read.",
        )
    if leaks := splits.leaks(ready.films, ready.digests, given.of_film, copies.pairs):
        yield Warned(
            code=SPLIT_LEAKS,
            message=f"The split of {Path(data.splits).name} leaks: {leaks}; no figure of this run is a result on "
            "unseen films.",
        )
    given.left_out[CONFLICTS] += len(dropped)
    return given


def contradicting(data: DataConfig, ready: Readable, copies: Copies) -> Generator[Event, None, set[int]]:
    """Return the indices of films that contradict each other, which are left out; yield a warning that says so.

    Raises:
        DataError: there are some, and ``data.conflicts`` is not ``drop``.
    """
    dropped = copies.contradicting(len(ready.films))
    if dropped and data.conflicts == "error":
        raise refused(ready.films, copies.conflicts)
    if dropped:
        both = contradiction(ready.films, copies.conflicts)
        yield Warned(
            code="conflicts-dropped",
            message=f"{both}; these and their copies, {len(dropped):,} films, are left out.",
        )
    return dropped


def _made(config: Config, ready: Readable, copies: Copies, dropped: Collection[int]) -> splits.Splits:
    """Return a new split of the films.

    Raises:
        DataError: a split would lack a class.
    """
    data = config.data
    return splits.assign(
        ready.films, ready.digests, seed=config.run.seed, validation=data.validation, test=data.test,
        copies=copies.pairs, dropped=dropped,
    )  # fmt: skip


def _first_splits(config: Config, ready: Readable) -> Iterator[list[str]]:
    """Yield what the split of each film may have been when the run began, as far as it can be computed again.

    A run of an older version kept only identical files together.
    """
    data = config.data
    by_name = sorted(range(len(ready.films)), key=lambda place: ready.films[place][0].name)
    ordered = replace(ready, films=[ready.films[i] for i in by_name], digests=[ready.digests[i] for i in by_name])
    for near in (False, True):
        with suppress(DataError):
            copies = copies_of(ordered.films, ordered.digests, no_progress, near=near, apart=ready.collection.apart)
            for dropped in (set[int](), copies.contradicting(len(by_name))):
                if data.splits:
                    made = splits.read(data.splits, ordered.films, dropped).of_film
                else:
                    made = _made(config, ordered, copies, dropped).of_film
                yield [split for _, split in sorted(zip(by_name, made, strict=True))]


def _check_given(file: str, ready: Readable, kept: Sequence[str], record: FilmRecord) -> None:
    """Check that the file ``data.splits``, if it still exists, gives the same splits as when the run began.

    Raises:
        DataError: it gives others.
    """
    path = expand(file)
    if not file or path == record.file or not path.is_file():
        return
    there = {row["path"]: row["part"] for _, row in splits.listed(path)}
    now = [there.get(printable(film.name).strip(), there.get(printable(film.path).strip(), split))
           for (film, _), split in zip(ready.films, kept, strict=True)]  # fmt: skip
    if what := moved(ready.films, kept, now):
        raise DataError(
            f"{printable(path)} was changed since run {record.name} began with it: {what}; put the old file back, or "
            "start a new run with the new one."
        )


def load_evaluation(
    data: DataConfig,
    path: str | Path | Sequence[str],
    *,
    trained: Sequence[str] = (),
    asked: Container[str] = (),
    seen: Seen | None = None,
    keep_seen: bool = False,
    check_cancelled: CheckCancelled = never_cancelled,
) -> Generator[Event, None, Prepared]:
    """Prepare every film at `path`, or at several paths, as one split, ``all``; the events are those of `prepare`.

    Classes, size and resize mode are those of `data`. Where nothing else decides the classes, they are `trained`, the
    negative and the positive name of a classifier. Where `path` has other classes than `data` names, pass a `data` that
    names the classes of `path`, and as `asked` the settings by which it does. Films that are `familiar` from the
    training `seen` are left out, or only marked with `keep_seen`.

    Raises:
        DataError: as in `prepare`; a single class with films is enough only if both are named and found.
        Cancelled: `check_cancelled` said so.
    """
    started = time.monotonic()
    ready = yield from read(data, path, check_cancelled, partial=True, trained=trained, asked=asked)
    copies = yield from compared(data, ready, check_cancelled)
    if both := contradiction(ready.films, copies.conflicts):
        yield Warned(code="copies-in-both-classes", message=f"{both}; one finding of each pair is wrong.")
    found = yield from _familiar(ready, seen, check_cancelled)
    places = np.array([place for place in range(len(ready.films)) if keep_seen or place not in found], np.int64)
    if not len(places):
        reasons = Counter(item.reason for item in found.values())
        why = "; ".join(f"{reason}: {count:,}" for reason, count in reasons.items())
        raise DataError(
            f"All {len(ready.films):,} films of {ready.collection.shown} are known from the training ({why}); "
            "--keep-seen evaluates them all the same, which says nothing about unseen films."
        )
    persons = splits.persons(ready.films, ready.digests, splits.group_names(ready.digests, copies.pairs))
    prepared = {"all": _split(ready, places, persons)}
    left_out = Counter(ready.left_out)
    if not keep_seen:
        left_out.update(item.reason for item in found.values())
    yield _summary(ready, prepared, dict(sorted(left_out.items())), time.monotonic() - started)
    by_path = {str(ready.films[place][0].path): item for place, item in found.items()}
    return Prepared(prepared, ready.labels.names, ready.fingerprint, ready.store.size, by_path)


def _familiar(
    ready: Readable, seen: Seen | None, check_cancelled: CheckCancelled
) -> Generator[Preparing, None, dict[int, Familiar]]:
    """Return which of the films are known from the training `seen`."""
    if seen is None:
        return {}

    def search(on_progress: OnProgress) -> dict[int, Familiar]:
        return familiar([film for film, _ in ready.films], ready.digests, seen, on_progress)

    return (yield from reported(search, "comparing films", check_cancelled))


def cautions(ready: Readable) -> Iterator[Warned]:
    """Yield a warning for each correction without a film, and one if the patients of some films are not known."""
    for remark in ready.collection.remarks:
        yield Warned(code="corrections-absent", message=f"{remark}; the films may have moved.")
    total, unknown = len(ready.films), sum(not film.patient_known for film, _ in ready.films)
    if unknown:
        some = f"{unknown} of {total} films' patients are not known"
        whose = "no film's patient is known" if unknown == total else some
        yield Warned(
            code=PATIENTS_UNKNOWN,
            message=f"Leakage by patient cannot be excluded: {whose}, so each such film counts as a patient of its "
            "own; give a manifest with a patient column, or data.patient_pattern.",
        )


def _split(ready: Readable, places: Places, persons: Sequence[str]) -> Split:
    films = [ready.films[place] for place in places]
    return Split(
        labels=np.asarray([class_index for _, class_index in films], np.int32),
        paths=[str(film.path) for film, _ in films],
        patients=[persons[place] for place in places],
        sources=[film.source for film, _ in films],
        digests=[ready.digests[place] for place in places],
        store=ready.store,
        rows=ready.rows[places],
        columns=columns_of([film for film, _ in films]),
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
