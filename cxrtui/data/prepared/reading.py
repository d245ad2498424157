"""This module reads the source, chooses films by label, fingerprints them, and decodes those that are not stored yet.

Threads hash the files, and wait for the worker processes that decode (`cxrtui.data.images.decoding`); these are spawned
because a fork beside JAX is unsafe.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Container, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cxrtui.data.building import build_store
from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.frontal.reports import oddity, warning
from cxrtui.data.images.decode import Decoded, stored_size
from cxrtui.data.images.decoding.films import read_film, rest
from cxrtui.data.images.notes import by_kind, warnings
from cxrtui.data.pool import TICK, OnProgress, reported, windowed, workers
from cxrtui.data.prepared.fingerprint import Hashes, fingerprint, hashes_of
from cxrtui.data.records import Classed, Digests
from cxrtui.data.sources.corrections import read_corrected
from cxrtui.data.sources.labels import select
from cxrtui.data.sources.rule import Labels
from cxrtui.data.store import PIXELS_VERSION, Record, Store, open_store
from cxrtui.errors import Cancelled, CheckCancelled, DataError, FilmError
from cxrtui.memory import give_back
from cxrtui.printable import in_list, listing
from cxrtui.runs.events import Event, Preparing, Warned
from cxrtui.settings.config import DataConfig
from cxrtui.workspace import cache_root

Chosen = Sequence[tuple[Film, int]]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Readable:
    """The films that are used and readable, each with its class (0 or 1), content hash and row in the store.

    `rows` is int64 ``[N]``.
    """

    collection: Collection
    labels: Labels
    left_out: dict[str, int]
    films: Chosen
    digests: Sequence[str]
    rows: Places
    unreadable: list[list[str]]
    store: Store
    fingerprint: str
    cached: bool


def read(
    data: DataConfig,
    source: str | Path | Sequence[str],
    check_cancelled: CheckCancelled,
    partial: bool = False,
    trained: Sequence[str] = (),
    asked: Container[str] = (),
) -> Generator[Event, None, Readable]:
    """Read the used films at `source` into a store; `partial` allows an empty class; the rest is as in `select`.

    Raises:
        DataError: the source or its labels cannot be used, or too many films are unreadable.
        Cancelled: `check_cancelled` said so.
    """

    def collect(on_progress: OnProgress) -> Collection:
        return read_corrected(data, source, on_progress)

    collection = yield from reported(collect, "reading folder", check_cancelled)
    give_back()
    chosen, labels, left_out = select(collection, data.positive, data.negative, partial, data.views, trained, asked)
    if not chosen:
        why = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise DataError(f"No film in {collection.shown} is of a class and view that counts: {why}.")
    yield from _on_classes(data, collection, labels, chosen)
    home = cache_root() / "prepared"
    digests = yield from _digests(chosen, hashes_of(collection), check_cancelled)
    size = stored_size(data.size)
    mark = fingerprint(
        chosen, digests, {"side": size, "fit": data.resize_mode, "version": PIXELS_VERSION}, labels.names
    )
    store = open_store(home / mark)
    cached = store is not None
    give_back()
    if store is None:
        yield from _build(home / mark, chosen, labels.names, size, data.resize_mode, check_cancelled)
        store = open_store(home / mark)
    if store is None:
        raise DataError(f"The prepared films in {home / mark} cannot be read back; remove that folder and try again.")
    unreadable = [[printable(chosen[row][0].path), reason] for row, reason in sorted(store.unreadable.items())]
    _check_readable(unreadable, len(chosen), data.max_bad)
    yield from warnings(by_kind((printable(chosen[row][0].name), notes) for row, notes in sorted(store.notes.items())))
    odd = {printable(chosen[row][0].name): printable(reason) for row, reason in sorted(store.odd.items())}
    if warned := warning(odd, len(chosen) - len(store.unreadable)):
        yield warned
    rows = np.fromiter((row for row in range(len(chosen)) if row not in store.unreadable), np.int64)
    if store.unreadable:
        chosen, digests = Classed(chosen[row] for row in rows), Digests(digests[row] for row in rows)
    return Readable(collection, labels, left_out, chosen, digests, rows, unreadable, store, mark, cached)


def _on_classes(
    data: DataConfig, collection: Collection, labels: Labels, chosen: Chosen
) -> Generator[Event, None, None]:
    """Yield warnings about how findings were counted."""
    counts = dict(Counter(film.label for film, _ in chosen).most_common())
    if labels.by_layout:
        yield Warned(
            code="labels-by-layout",
            message=f"By the rule of {collection.layout}, {labels.describe(counts)}; data.positive and data.negative "
            "change it.",
        )
    if absent := labels.absent((*data.positive, *data.negative), collection.found):
        yield Warned(
            code="class-absent",
            message=f"No film of {collection.shown} is called {listing(absent)}; it has "
            f"{listing(list(collection.found)[:12])}.",
        )
    if not labels.by_layout and (others := labels.others(counts)):
        yield Warned(code="counted-as-rest", message=f"{others}.")
    if doubtful := labels.doubtful(counts):
        yield Warned(code="rest-names-other-side", message=f"{doubtful[0].upper()}{doubtful[1:]}.")
    if collection.spellings:
        alike = "; ".join(f"{in_list(name)} (also {listing(others)})" for name, others in collection.spellings.items())
        yield Warned(code="spellings", message=f"Spellings that are taken for one finding: {printable(alike)}.")


def _check_readable(unreadable: list[list[str]], total: int, most: float) -> None:
    """Check that at most the share `most` of `total` films is unreadable, and that at least one is readable."""
    count = len(unreadable)
    if count > most * total or count == total:
        listed = "; ".join(f"{path}: {reason}" for path, reason in unreadable[:10])
        more = f"; and {count - 10} more" if count > 10 else ""
        raise DataError(
            f"{count} of {total} films cannot be read, more than data.max_bad = {most:g} allows; mend or remove them, "
            f"or raise data.max_bad: {listed}{more}"
        )


def _digests(chosen: Chosen, hashes: Hashes, check_cancelled: CheckCancelled) -> Generator[Event, None, Digests]:
    digests = Digests()
    reported = time.monotonic()
    with ThreadPoolExecutor(workers(), "cxrtui-hash") as pool:
        for digest in windowed(pool, (film.path for film, _ in chosen), hashes.of):
            digests.append(digest)
            if time.monotonic() - reported >= TICK:
                reported = time.monotonic()
                check_cancelled()
                yield Preparing(stage="reading files", done=len(digests), total=len(chosen))
    hashes.save()
    return digests


def _build(
    folder: Path, chosen: Chosen, names: list[str], size: int, resize_mode: str, check_cancelled: CheckCancelled
) -> Generator[Event, None, None]:
    """Decode and store all of `chosen`; the writer runs in its own thread, so that this one can report and stop it.

    Other processes that build the same store at the same time share the work.
    """
    done = [0]
    failures: list[BaseException] = []
    cancelled = threading.Event()

    def decoded(item: tuple[Film, int]) -> tuple[Decoded, str]:
        try:
            return read_film(item[0].path, size, resize_mode, item[0].display, cancelled.is_set, recognised=True), ""
        except FilmError as error:
            return Decoded(np.zeros((size, size), np.uint8)), printable(error)

    def records(rows: range) -> Iterator[Record]:
        for row, (film, reason) in zip(rows, windowed(pool, [chosen[row] for row in rows], decoded), strict=True):
            yield Record(film.values, *chosen[row], reason, tuple(film.notes), oddity(film.view))

    def on_done(count: int) -> None:
        if cancelled.is_set():
            raise Cancelled
        done[0] = count

    def write() -> None:
        try:
            build_store(folder, records, size=size, count=len(chosen), names=names, on_done=on_done)
        except BaseException as error:  # the waiting thread raises it
            failures.append(error)

    with ThreadPoolExecutor(workers(), "cxrtui-decode") as pool:
        writer = threading.Thread(target=write, name="cxrtui-store", daemon=True)
        writer.start()
        try:
            while writer.is_alive():
                check_cancelled()
                yield Preparing(stage="decoding films", done=done[0], total=len(chosen))
                writer.join(TICK)
        finally:
            cancelled.set()
            writer.join()
            rest()
    if failures:
        raise failures[0]
    yield Preparing(stage="decoding films", done=len(chosen), total=len(chosen))
