"""Saves a run's state with Orbax in the background, commits it by a rename, and keeps the latest and the best.

A checkpoint of step ``n`` is the folder ``state/<n>/``. It holds three items: ``weights`` (parameters and running
statistics), ``optimizer`` (its state) and ``progress`` (JSON: where the run stood, and which step is the best so far).
Parameters that are frozen lie beside ``weights`` in ``frozen``; the next checkpoint has links to the same files.
It also holds the digests of all their files (`weights.digests`), and every read compares them. A folder with another
name is an unfinished save or is about to be removed. It is never read, so the process may be killed at any moment.

Orbax's `AsyncCheckpointer` writes the arrays (`weights.items`). Its `CheckpointManager` can also commit, choose and
remove checkpoints. We tried it (0.12.8) and do not use it, because it does not give these guarantees:

- *A step's folder is whole.* The manager removes an old checkpoint file by file in its place. If it is killed
  meanwhile, an incomplete one stays in its list of steps. It never removes that one, as the metrics are gone already.
- *Damage is noticed.* We flipped 60 single bits in a checkpoint's files: 34 of them gave other numbers without an
  error, and the position is bare JSON. Digests must be in the folder before the rename; the only way to put them
  there, ``temporary_path_class``, is deprecated.
- *A checkpoint that is reported as saved is on the disk.* The manager syncs the arrays, but not the position, the
  metrics, the metadata and the folders around its rename.
- *A damaged checkpoint does not affect the others.* With a torn file of metrics in any step, the manager cannot open.
- *A step may be saved again* when the run has learnt since that it is the best. The manager refuses that.
- *The latest and the best are on the disk.* The manager names a step as both while it is still being written.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError
from cxrtui.files import sync
from cxrtui.runs.advice import named
from cxrtui.runs.folder import Run
from cxrtui.weights import digests, items, packed, recorded, states
from cxrtui.weights.orbax_noise import silence_repeated_errors

if TYPE_CHECKING:
    import orbax.checkpoint as ocp

Tree = Any

_UNFINISHED, _LEAVING = ".saving", ".removing"
_LOOK_S, _LOOKS = 0.1, 50  # the time between two looks for what a failed save leaves, and how many there are at most


class Checkpoints:
    """Writes and reads the checkpoints of one run.

    At most one save is under way; `save` waits for the one before it. The latest committed checkpoint is kept, and the
    one that it names as the best. If these are the same, the previous best is kept too, in case the latest is damaged.
    With `read_only` nothing is ever written or removed: a reader has it, and each host of a run but the first.

    Raises:
        CheckpointError: `folder` is not a folder but, for example, a pipe or a link to nothing.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder.absolute()
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            raise CheckpointError(f"{self.folder} is no folder of checkpoints; check what is there.")
        self._read_only = read_only
        if not read_only:  # a reader must not touch what a live run is writing
            self._sweep(_UNFINISHED, _LEAVING, ".orbax-checkpoint-tmp")
        self._saver: ocp.AsyncCheckpointer | None = None
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._committing: Future[None] | None = None
        self._saving: int | None = None
        self._frozen: tuple[int, str] | None = None  # of the last save: its step, and the list of its frozen arrays

    def save(self, step: int, variables: Tree, optimizer: Tree, progress: dict[str, Any]) -> None:
        """Copy the state to the host and write it in the background; the caller may then donate the buffers.

        Arrays in ``variables["frozen"]`` are written once: they must not change from one save of this object to the
        next as long as they are the same ones by name.

        Raises:
            CheckpointError: the disk refuses.
        """
        if self._read_only:
            return
        self.wait()
        self.prune()
        about = {"digests": digests.DIGESTS, "run": recorded.identity(self.folder)}
        position = json.dumps({**progress, **about}, allow_nan=False)
        try:
            if step in self.steps():
                # The arrays are the same, but the run may know more by now, for example that they are the best.
                digests.replace(self.folder / str(step), step, states.POSITION, position)
                return
            # Its parents are not made, so that a run's folder that was deleted is not created again in part.
            self.folder.mkdir(exist_ok=True)
            if self._saver is None:
                silence_repeated_errors()
                self._saver = items.saver()
            trees = {**items.parted(variables), "optimizer": optimizer}
            frozen = packed.listed(trees.get("frozen", ()))
            written = self._has_frozen(frozen)
            if written is not None:
                del trees["frozen"]
            self._saver.save(self._unfinished(step), args=items.to_save(trees))
        except Exception as error:
            self._clear()
            raise self._refused(step, error) from error
        texts = {states.POSITION: position}
        texts |= {f"{item}/{packed.LIST}": packed.listed(tree) for item, tree in trees.items()}
        self._saving, self._frozen = step, (step, frozen)
        self._committing = self._committer.submit(self._commit, step, texts, written)

    def _commit(self, step: int, texts: dict[str, str], written: int | None) -> None:
        """Write and commit the copied state, `texts`, and frozen arrays of step `written`, in a thread of its own."""
        assert self._saver is not None
        self._saver.wait_until_finished()
        unfinished, known = self._unfinished(step), {}
        (unfinished / states.POSITION).parent.mkdir()
        for name, text in texts.items():
            (unfinished / name).write_text(text, encoding="utf-8")
        if written is not None:
            before = self.folder / str(written)
            shutil.copytree(before / "frozen", unfinished / "frozen", copy_function=items.link)
            known = digests.of_item(before, written, "frozen")
        digests.seal(unfinished, step, known)
        unfinished.rename(self.folder / str(step))
        sync(self.folder)

    def _has_frozen(self, names: str) -> int | None:
        """Return the step of the last save if it is there and has the frozen arrays of that list, else None."""
        step, saved = self._frozen or (0, "")
        return step if saved == names and (self.folder / str(step) / "frozen").is_dir() else None

    @property
    def saving(self) -> int | None:
        """Return the step whose save has not been committed yet, or None.

        Raises:
            CheckpointError: that save has failed.
        """
        if self._committing is not None and self._committing.done():
            self.wait()
        return self._saving

    def wait(self) -> None:
        """Return once nothing is being written.

        Raises:
            CheckpointError: the save under way failed.
        """
        step, committing, self._saving, self._committing = self._saving, self._committing, None, None
        if committing is None or step is None:
            return
        try:
            committing.result()
        except Exception as error:
            self._clear()
            raise self._refused(step, error) from error
        self._sweep(states.ASIDE)  # the run went on from an older checkpoint, and the new one is safe now

    def close(self) -> None:
        """Finish the save that is under way and free the threads."""
        try:
            self.wait()
            if self._saver is not None:
                self.prune()
        finally:
            self._committer.shutdown()
            if self._saver is not None:
                self._saver.close()
                self._saver = None

    def prune(self) -> None:
        """Remove all but the latest, the best that it names and, if the latest is the best, the previous best.

        Nothing is removed if the latest cannot be read.
        """
        if self._read_only:
            return
        steps = self.steps()
        try:
            keep = {*steps[-1:], *map(self._named_best, steps[-1:])}
        except CheckpointError:
            return
        if len(keep.intersection(steps)) == 1:
            with contextlib.suppress(CheckpointError):
                keep.update(map(self._named_best, steps[-2:-1]))
        if len(keep.intersection(steps)) == 1:
            keep.update(steps[-2:])
        for step in set(steps) - keep:
            # It is renamed first, so that a reader finds either the whole checkpoint or none.
            leaving = self.folder / f"{step}{_LEAVING}"
            with contextlib.suppress(OSError):
                (self.folder / str(step)).rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)

    def _named_best(self, step: int) -> int:
        return states.named_best(self.folder, step)

    def _clear(self) -> None:
        """Remove what a failed save leaves, as the disk needs the room.

        Orbax reports the first error while its other threads still write, so it may come again once it was removed.
        """
        found = True
        for _ in range(_LOOKS):
            found, found_before = self._sweep(_UNFINISHED), found
            if not (found or found_before):
                break
            time.sleep(_LOOK_S)

    def _sweep(self, *marks: str) -> bool:
        """Remove the folders that have one of the marks in their names, and return whether there was one."""
        found = [left for mark in marks for left in self.folder.glob(f"*{mark}*")]
        for left in found:
            shutil.rmtree(left, ignore_errors=True)
        return bool(found)

    def steps(self) -> list[int]:
        """Return the committed steps, ascending."""
        return states.steps(self.folder)

    def latest(self) -> int | None:
        """Return the last committed step, or None."""
        return self.steps()[-1] if self.steps() else None

    def best(self) -> int:
        """Return the step whose weights are to be used: the best validated one, else the latest.

        Raises:
            CheckpointError: nothing was saved.
        """
        return states.best(self.folder)

    def sealed(self, step: int) -> bool:
        """Return whether the checkpoint of `step` has digests; older versions wrote none."""
        return (self.folder / str(step) / digests.DIGESTS).is_file()

    def progress(self, step: int) -> dict[str, Any]:
        """Return where the run stood at `step`.

        Raises:
            CheckpointError: the checkpoint is damaged.
        """
        return states.progress(self.folder, step)

    def variables(self, step: int, like: Tree) -> Tree:
        """Return parameters and statistics at `step`, in the structure, shapes and dtypes of `like`; all are finite.

        Raises:
            CheckpointError: the checkpoint is damaged, or of another network, or holds a number that is not finite.
        """
        parts = items.parted(like) if (self.folder / str(step) / "frozen").is_dir() else {"weights": like}
        found = self._restore(step, parts)
        variables = found.pop("weights")
        if found:
            variables = {name: (found if name == "frozen" else variables)[name] for name in like}
        if not finite(variables):
            raise states.damaged(self.folder, step, "its weights are not all finite numbers", ("weights",))
        return variables

    def optimizer(self, step: int, like: Tree) -> Tree:
        """Return the optimizer's state at `step`; see `variables` for argument and errors."""
        return self._restore(step, {"optimizer": like})["optimizer"]

    def _restore(self, step: int, likes: dict[str, Tree]) -> dict[str, Any]:
        """Return the arrays of some items, each in the structure, shapes and dtypes of its pytree in `likes`."""
        silence_repeated_errors()
        states.verify(self.folder, step, likes)
        folder = self.folder / str(step)
        try:
            return items.read(folder, likes)
        except Exception as error:
            why = refusal(error)
            raise CheckpointError(
                f"Checkpoint {folder} cannot be read ({why.reason}); {why.remedy}."
                if why
                else f"The {next(iter(likes))} in checkpoint {folder} are not those of the network in the run's "
                "config.toml, or are torn; put config.toml back as it was, or start a new run."
            ) from error

    def _unfinished(self, step: int) -> Path:
        return self.folder / f"{step}{_UNFINISHED}"

    def _refused(self, step: int, error: Exception) -> CheckpointError:
        """Return the error that says what could not be written, what is safe, and what to do."""
        if not self.folder.parent.is_dir():
            return CheckpointError(
                f"The checkpoint of step {step} cannot be written: {self.folder.parent} was renamed or deleted."
            )
        known = [other for other in self.steps() if other != step]
        safe = f"that of step {known[-1]} is safe" if known else "there is none before it"
        why = refusal(error)
        remedy = f"{why.remedy} and go on with --resume {named(Run(self.folder.parent))}" if why else "check the disk"
        return CheckpointError(
            f"The checkpoint of step {step} cannot be written to {self.folder} ({explained(error)}); {safe}; {remedy}."
        )


def finite(tree: Tree) -> bool:
    """Return whether all floating-point numbers of a pytree of arrays are finite."""
    leaves = (np.asarray(leaf) for leaf in jax.tree.leaves(tree))
    return all(bool(np.isfinite(leaf).all()) for leaf in leaves if jax.numpy.issubdtype(leaf.dtype, np.floating))
