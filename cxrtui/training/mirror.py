"""Copies a run to an object store while it trains (``run.mirror``), and brings such a run back to a machine.

A run lives on a disk: its lock, its control file and a log that grows line by line are what no object store has. What a
store is good for is a copy that outlives the machine. It is made in a thread of its own after each checkpoint and at
the end. If that fails, the run goes on and its log has a warning; the next checkpoint tries again. Of a run whose
training process has died, whoever watched that process makes the last copy.

A checkpoint's digests (`weights.digests`) are written last and removed first, so that a checkpoint that is there in
part is not taken for one.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from cxrtui.disk import explained, with_remedy
from cxrtui.errors import CheckpointError, CxrtuiError, UsageError
from cxrtui.files import is_name, is_there, read_bytes
from cxrtui.printable import printable
from cxrtui.remote import store
from cxrtui.remote.store import Place
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.hosts import is_of_hosts
from cxrtui.weights import digests, states

_LOCAL = frozenset({"lock", "control", "heartbeat"})
"""Files of a run that mean something on its own machine alone."""
_STATE = "state"


class Mirror:
    """The copies of one run. Its methods are called by the thread that writes the run's log."""

    def __init__(self, run: Run, url: str) -> None:
        self._run, self._url = run, f"{url.rstrip('/')}/{run.name}" if url else ""
        self._sent: dict[str, tuple[int, int]] = {}  # size and time of what is there; wrong ones for what is not known
        self._known = False  # what was there before the first copy
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mirror")
        self._copying: Future[ev.Event] | None = None
        self._wanted = False
        self._warned = ""

    def after(self, event: ev.Event) -> Iterator[ev.Event]:
        """Start a copy if `event` is a checkpoint, or the films are ready, and yield what a copy that ended reports."""
        if not self._url:
            return
        self._wanted = self._wanted or isinstance(event, (ev.DataPrepared, ev.CheckpointSaved))
        if self._copying is None or self._copying.done():
            yield from self._ended()
            if self._wanted:
                self._wanted = False
                self._copying = self._thread.submit(self._copy)

    def finish(self) -> Iterator[ev.Event]:
        """Wait for the copy under way, copy what the run has become since, and yield what both report."""
        if self._url:
            yield from self._ended()
            self._copying = self._thread.submit(self._copy)
            yield from self._ended()
        self._thread.shutdown()

    def once(self) -> Iterator[ev.Event]:
        """Copy what is new of a run that nobody writes any more, in the caller's thread, and yield what happened."""
        if self._url:
            yield self._copy()

    def _ended(self) -> Iterator[ev.Event]:
        """Yield what the last copy reports, once it has ended; a warning that repeats the one before is left out."""
        if self._copying is None:
            return
        event, self._copying = self._copying.result(), None
        message = event.message if isinstance(event, ev.Warned) else ""
        if not message or message != self._warned:
            yield event
        self._warned = message

    def _copy(self) -> ev.Event:
        """Copy all that is new, in the thread of its own; return an event, and never raise."""
        started = time.monotonic()
        try:
            with store.explained(self._url, CheckpointError):
                files, size = self._bring_up_to_date(store.open_place(self._url))
        except Exception as error:
            why = str(error) if isinstance(error, CxrtuiError) else f"{printable(self._url)}: {explained(error)}"
            return ev.Warned(code="mirror", message=f"The run is not copied; it goes on, and the next checkpoint tries "
                             f"again: {why}")  # fmt: skip
        return ev.Mirrored(url=self._url, files=files, bytes=size, seconds=round(time.monotonic() - started, 3))

    def _bring_up_to_date(self, place: Place) -> tuple[int, int]:
        """Write files that are new or have changed, remove those of checkpoints that are gone; return what was sent."""
        if not self._known:
            self._look(place)
        there = _files(self._run)
        changed = sorted((name for name in there if there[name] != self._sent.get(name)), key=_is_seal)
        for name in changed:
            try:
                place.system.put_file(str(self._run.folder / name), place.below(name).key)
            except FileNotFoundError:
                if is_there(self._run.folder / name):  # else its checkpoint was removed meanwhile
                    raise
                continue
            self._sent[name] = there[name]
        for name in sorted(self._sent.keys() - there.keys(), key=_is_seal, reverse=True):
            with suppress(FileNotFoundError):
                place.system.rm_file(place.below(name).key)
            del self._sent[name]
        return len(changed), sum(there[name][0] for name in changed)

    def _look(self, place: Place) -> None:
        """Find out what is there of an earlier copy; what may differ of it is written again or removed.

        Raises:
            CheckpointError: it is a copy of another run.
        """
        try:
            found = store.listing(place).files
        except FileNotFoundError:
            found = {}
        if "manifest.json" in found:
            theirs = _id(place.system.cat_file(place.below("manifest.json").key))
            if theirs and theirs != _id(_content(self._run.manifest_file)):
                raise CheckpointError(f"{printable(self._url)} is the copy of another run; set run.mirror to another "
                                      "place, or move that copy away.")  # fmt: skip
        there = _files(self._run)
        same = {name for seal in found if _is_seal(seal) for name in self._same(place, seal, found)}
        self._sent = {name: there[name] if name in same & there.keys() else (-1, -1)
                      for name in found if _is_copied(name)}  # fmt: skip
        self._known = True

    def _same(self, place: Place, seal: str, found: Iterable[str]) -> list[str]:
        """Return the files there of the checkpoint with this `seal` that are those here, as the same digests say.

        Its position may be newer here, as it is written after its digest.
        """
        folder = seal.removesuffix(digests.DIGESTS)
        ours = _content(self._run.folder / seal)
        if not ours or ours != place.system.cat_file(place.below(seal).key):
            return []
        return [name for name in found if name.startswith(folder) and name != folder + states.POSITION]


def _files(run: Run) -> dict[str, tuple[int, int]]:
    """Return size and time of the run's files that are copied, by their names in its folder.

    Of checkpoints, those are copied that are committed.
    """
    found = {}
    for folder, inner, names in os.walk(run.folder):
        inside = Path(folder).relative_to(run.folder)
        if inside == Path(_STATE):
            inner[:] = [str(step) for step in states.steps(run.state)]
        for name in ((inside / name).as_posix() for name in names):
            with suppress(OSError):  # a checkpoint is being removed
                status = (run.folder / name).stat()
                if _is_copied(name):
                    found[name] = (status.st_size, status.st_mtime_ns)
    return found


def _is_copied(name: str) -> bool:
    """Return whether a file of a run is one that has a meaning elsewhere."""
    parts = name.split("/")
    return not (name in _LOCAL or is_of_hosts(name) or parts[-1].startswith("."))


def _is_seal(name: str) -> bool:
    """Return whether a file is the digests of a checkpoint, which is whole only with it."""
    return name.endswith(f"/{digests.DIGESTS}")


def _content(file: Path) -> bytes:
    """Return what a file has; nothing if it is not there."""
    with suppress(FileNotFoundError):
        return read_bytes(file)
    return b""


def _id(manifest: bytes) -> str:
    """Return the id of the run that has this manifest; empty if it has none."""
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        return str(json.loads(manifest)["id"])
    return ""


def fetch(url: str, checkpoints: Path) -> Run:
    """Return the run at `url`, which `Mirror` copied there, brought to `checkpoints` under its name.

    Raises:
        CheckpointError: it is not there, cannot be reached, or is no run.
        UsageError: a run of its name is here, or the disk refuses.
    """
    with store.explained(url, CheckpointError):
        place = store.open_place(url)
        target = checkpoints / place.name
        if not is_name(place.name):
            raise UsageError(f"{printable(url)} does not end in the name of a run.")
        if is_there(target):
            raise UsageError(f"{target} is here already; go on with --resume {place.name}, or move it away first.")
        names = [name for name in store.listing(place).files if _is_copied(name)]
        if not {"config.toml", "events.jsonl"} <= set(names):
            raise CheckpointError(f"{printable(url)} is no run that run.mirror has copied; check the path.")
        return _brought(place, names, target)


def _brought(place: Place, names: list[str], target: Path) -> Run:
    partial = target.with_name(f".{target.name}.{os.getpid()}.fetching")
    try:
        for name in names:
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            place.system.get_file(place.below(name).key, str(partial / name))
        state = Run(partial).state
        for step in states.steps(state):
            if not (state / str(step) / digests.DIGESTS).is_file() or not states.sound(state, step, states.ITEMS):
                shutil.rmtree(state / str(step))  # the machine ended while it was being copied
        if state.exists() and not states.steps(state):
            raise CheckpointError(f"{printable(place.url)} has no whole checkpoint; start a new run.")
        partial.rename(target)
    except OSError as error:
        if not str(error.filename).startswith(str(partial)):
            raise  # an error of the store
        raise UsageError(f"{target} cannot be written ({with_remedy(error)}).") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Run(target.resolve())
