"""From a configuration to films that can be trained on, in three parts.

Everything is a generator of events; whoever pulls them may stop pulling, or ask it to stop::

    films = yield from prepare(config, splits_out=run.splits_file, should_stop=should_stop)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from cxrtui.config import Config, DataConfig
from cxrtui.data import splits
from cxrtui.data.films import PARTS
from cxrtui.data.parts import Part, Prepared
from cxrtui.data.pool import Interrupted
from cxrtui.data.reading import Readable, ShouldStop, read
from cxrtui.events import DataPrepared, Event, Warned

__all__ = ["Interrupted", "Part", "Prepared", "load_evaluation", "prepare"]


def _never() -> bool:
    return False


def prepare(
    config: Config, *, splits_out: Path | None = None, should_stop: ShouldStop = _never
) -> Generator[Event, None, Prepared]:
    """Prepare the films that `config.data` names, in three parts.

    Yields `Preparing` some ten times a second, `Warned`, and last one `DataPrepared`. `splits_out`, where given,
    receives the division as splits.csv.

    Raises:
        DataError: the source, its labels or its split cannot be used, or too many films are unreadable.
        Interrupted: `should_stop` said so.
    """
    began = time.monotonic()
    data = config.data
    ready = yield from read(data, data.source, should_stop)
    if unknown := sum(not film.patient_known for film, _ in ready.films):
        yield _leakage(unknown, len(ready.films))
    if data.splits:
        division = splits.read(data.splits, ready.films)
        if division.absent:
            yield Warned(
                code="splits-absent",
                message=f"{data.splits} lists {division.absent} films that are not in the data or cannot be read.",
            )
        if twice := splits.divided(ready.digests, division.parts):
            yield Warned(
                code="copies-divided",
                message=f"{data.splits} puts copies of {twice} films into more than one part; what the test part says "
                "of them is not of unseen films.",
            )
    else:
        division = splits.draw(
            ready.films, ready.digests, seed=config.run.seed, validation=data.validation, test=data.test
        )
        for reason, count in division.left_out.items():
            yield Warned(
                code="patients-divided",
                message="The source's own split divides patients or copies of films; so that none is in two parts, "
                f"films were left out: {count} {reason}.",
            )
    if splits_out is not None:
        splits.write(splits_out, ready.films, ready.digests, division.parts)
    members = {name: [i for i, part in enumerate(division.parts) if part == name] for name in PARTS}
    parts = {name: _part(ready, places) for name, places in members.items()}
    left_out = dict(sorted((Counter(ready.left_out) + division.left_out).items()))
    yield _summary(ready, parts, left_out, time.monotonic() - began)
    return Prepared(parts, ready.labels.names, ready.fingerprint, ready.store.side)


def load_evaluation(
    data: DataConfig, path: str | Path | Sequence[str], *, should_stop: ShouldStop = _never
) -> Generator[Event, None, Prepared]:
    """Prepare every film at `path`, or at several together, as one part, ``all``; events as `prepare`.

    Classes, size and fit are those of `data`.
    Where the classes that `data` names are not those of `path`, give a `data` that names its classes.

    Raises:
        DataError: as `prepare`; one class alone is enough here only if both are named and found.
        Interrupted: `should_stop` said so.
    """
    began = time.monotonic()
    ready = yield from read(data, path, should_stop, partial=True)
    parts = {"all": _part(ready, range(len(ready.films)))}
    yield _summary(ready, parts, ready.left_out, time.monotonic() - began)
    return Prepared(parts, ready.labels.names, ready.fingerprint, ready.store.side)


def _leakage(unknown: int, total: int) -> Warned:
    whose = "no film's patient is known" if unknown == total else f"{unknown} of {total} films' patients are not known"
    return Warned(
        code="patients-unknown",
        message=f"Leakage by patient cannot be excluded: {whose}, so each such film counts as a patient of its own; "
        "give a manifest with a patient column, or data.patient_pattern.",
    )


def _part(ready: Readable, places: Sequence[int]) -> Part:
    films = [ready.films[place] for place in places]
    return Part(
        labels=np.asarray([index for _, index in films], np.int32),
        paths=[str(film.path) for film, _ in films],
        patients=[film.patient for film, _ in films],
        sources=[film.source for film, _ in films],
        digests=[ready.digests[place] for place in places],
        store=ready.store,
        rows=np.asarray([ready.rows[place] for place in places], np.int64),
    )


def _summary(ready: Readable, parts: dict[str, Part], left_out: dict[str, int], seconds: float) -> DataPrepared:
    names = ready.labels.names
    return DataPrepared(
        source=ready.collection.shown,
        fingerprint=ready.fingerprint,
        counts={
            name: {label: int((part.labels == index).sum()) for index, label in enumerate(names)}
            for name, part in parts.items()
        },
        patients={name: len(set(part.patients)) for name, part in parts.items()},
        labels=names,
        left_out=left_out,
        unreadable=ready.unreadable,
        cached=ready.cached,
        seconds=seconds,
    )
