"""Finds the features of frozen groups in files, or computes them in passes of the films through these groups.

All hosts of a run make the same passes together. Between two batches a run may be paused or stopped.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cxrtui.disk import explained
from cxrtui.errors import Cancelled
from cxrtui.net import hosts
from cxrtui.net.cut import Cut
from cxrtui.runs import events as ev
from cxrtui.training.encoding import Encoder, View, pixels_of
from cxrtui.training.feature_files import FeatureFiles, Kept, bytes_of
from cxrtui.training.session import Session

Work = Generator[ev.Event, None, None]


def keyed(session: Session, encoder: Encoder, views: Sequence[View]) -> Generator[ev.Event, None, list[View]]:
    """Return the views with their keys."""
    digests: dict[int, str] = {}
    for source in (session.train, session.validation):
        for done, digest in pixels_of(source):
            digests[id(source)] = digest
            yield ev.Preparing(stage="reading films", done=done, total=len(source.split))
            yield from _between(session)
    return [dataclasses.replace(view, key=encoder.key(view, digests[id(view.source)])) for view in views]


def found(
    session: Session, cut: Cut, files: FeatureFiles, views: Sequence[View]
) -> Generator[ev.Event, None, dict[str, Kept]]:
    """Return the features of those views that are kept, by name."""
    kept: dict[str, Kept] = {}
    for view in views:
        opened = files.open(view.key, (len(view), *cut.shape), cut.dtype)
        try:
            while True:
                done = next(opened)
                yield ev.Preparing(
                    stage="reading features (MB)", done=done // 10**6, total=len(view) * cut.nbytes // 10**6
                )
                if not hosts.several():  # each host may read another part of them
                    yield from _between(session)
        except StopIteration as end:
            if end.value is not None:
                kept[view.name] = end.value
        yield from _between(session)
    return kept


def computed(
    session: Session, cut: Cut, encoder: Encoder, files: FeatureFiles, views: Sequence[View], missing: Sequence[View],
    on_device: bool,
) -> Generator[ev.Event, None, dict[str, Kept]]:  # fmt: skip
    """Compute the features of the views that are `missing`, keep them in files, and return them by name.

    Raises:
        Cancelled: a stop was requested; a checkpoint is saved. Views that were complete are kept.
        OSError: the disk of a host refuses, and they do not fit on the device.
    """
    if not missing:
        return {}
    yield ev.Preparing(stage="compiling")
    encoder.compile()
    hosts.meet()
    result: dict[str, Kept] = {}
    done, total, refused = 0, sum(map(len, missing)), ""
    files.make_room(total * cut.nbytes, [view.key for view in views])
    for view in missing:
        shape = (len(view), *cut.shape)
        if on_device:
            array = np.empty(shape, jnp.dtype(cut.dtype))
            yield from _passed(session, encoder.rows(view), _Filling(array).add, done, total)
            result[view.name] = Kept(array, hashlib.sha256(bytes_of(array)).hexdigest())
            try:
                files.write(view.key, array)
            except OSError as error:
                refused = explained(error)
        else:
            result[view.name] = yield from _on_disk(session, cut, encoder, files, view, done, total)
        done += len(view)
    if refused:
        yield ev.Warned(code="features-not-kept", message=f"The features of the frozen groups are not kept in "
                        f"{files.folder} for a resume or another run: {refused}.")  # fmt: skip
    return result


def _on_disk(
    session: Session, cut: Cut, encoder: Encoder, files: FeatureFiles, view: View, done: int, total: int
) -> Generator[ev.Event, None, Kept]:
    """Compute the features of a view into a file, and return them.

    Raises:
        Cancelled: as `_between`.
        OSError: the disk of a host refuses. All hosts have computed the view, because they compute it together.
    """
    shape = (len(view), *cut.shape)
    refused: OSError | None = None

    def keep(rows: NDArray[Any]) -> None:
        nonlocal refused
        try:
            if refused is None:
                writing.add(rows)
        except OSError as error:
            if not hosts.several():
                raise
            refused = error  # the others go on, and this one with them

    batches = encoder.rows(view)
    try:
        with files.writing(view.key, shape, cut.dtype) as writing:
            yield from _passed(session, batches, keep, done, total)
            if refused is not None:
                raise refused
    except OSError as error:
        if not hosts.several():
            raise
        refused = error
        yield from _passed(session, batches, lambda rows: None, done, total)  # where no file could be opened
    if why := next(filter(None, hosts.all_told(explained(refused) if refused is not None else "")), ""):
        raise refused or OSError(why)
    # In a folder that they share, the last host to write has replaced the files of the others.
    return Kept(files.mapped(view.key, shape, cut.dtype), writing.digest.hexdigest())


class _Filling:
    """Fills an array with rows, in order."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array, self._count = array, 0

    def add(self, rows: NDArray[Any]) -> None:
        self._array[self._count : self._count + len(rows)] = rows
        self._count += len(rows)


def _passed(
    session: Session, batches: Iterator[NDArray[Any]], add: Callable[[NDArray[Any]], None], done: int, total: int
) -> Work:
    """Give each batch of features to `add`, and report it.

    Raises:
        Cancelled: as `_between`.
        OSError: `add` raises it.
    """
    for rows in batches:
        add(rows)
        done += len(rows)
        yield ev.Preparing(stage="computing features", done=done, total=total)
        yield from _between(session)


def _between(session: Session) -> Work:
    """Pause or stop between two batches, if that is requested.

    Raises:
        Cancelled: a stop was requested; a checkpoint is saved.
    """
    stopped = yield from session.pause()
    if not stopped and session.decisions.stopping():
        yield from session.save("stopping")
        stopped = True
    if stopped:
        raise Cancelled
