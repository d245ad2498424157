"""This module makes the splits of a training or an evaluation from films that are read, and counts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxrtui.data.prepared.columns import columns_of
from cxrtui.data.prepared.reading import Places, Readable
from cxrtui.data.prepared.ready import Split
from cxrtui.data.records import Digests, Paths
from cxrtui.runs.events import DataPrepared


def split_of(ready: Readable, places: Places, persons: Sequence[str]) -> Split:
    """Return the films at `places` as a split; `persons` has the person of each of all films."""
    films = [ready.films[place][0] for place in places]
    return Split(
        labels=np.fromiter((ready.films[place][1] for place in places), np.int32, len(places)),
        paths=Paths(films),
        patients=[persons[place] for place in places],
        sources=[film.source for film in films],
        digests=Digests(ready.digests[place] for place in places),
        store=ready.store,
        rows=ready.rows[places],
        columns=columns_of(films),
    )


def summary(ready: Readable, prepared: dict[str, Split], left_out: dict[str, int], seconds: float) -> DataPrepared:
    """Return the event that says what was prepared, in how many `seconds`."""
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
