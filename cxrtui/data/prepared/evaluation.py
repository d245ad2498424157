"""This module prepares labelled films of any source for an evaluation, as one split."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Container, Generator, Sequence
from pathlib import Path

import numpy as np

from cxrtui.data.pool import OnProgress, reported
from cxrtui.data.prepared import splits
from cxrtui.data.prepared.copies import contradiction
from cxrtui.data.prepared.making_ready import split_of, summary
from cxrtui.data.prepared.reading import Readable, read
from cxrtui.data.prepared.ready import Prepared
from cxrtui.data.prepared.relating import compared
from cxrtui.data.prepared.seen import Familiar, Seen, familiar
from cxrtui.errors import CheckCancelled, DataError, never_cancelled
from cxrtui.runs.events import Event, Preparing, Warned
from cxrtui.settings.config import DataConfig


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
    prepared = {"all": split_of(ready, places, persons)}
    left_out = Counter(ready.left_out)
    if not keep_seen:
        left_out.update(item.reason for item in found.values())
    yield summary(ready, prepared, dict(sorted(left_out.items())), time.monotonic() - started)
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
