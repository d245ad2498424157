"""A run's state on disk with Orbax: saved in the background, committed by a rename, the latest and the best kept.

A checkpoint of step ``n`` is the folder ``state/<n>/`` with three items: ``weights`` (parameters and running
statistics), ``optimizer`` (its state) and ``progress`` (JSON: where the run stood, and which step is the best so far),
and the digests of all their files (`weights.digests`), which every read compares. A folder under another name is an
unfinished save, or is about to be removed, and is never read, so the process may be killed at any moment.

Orbax's `AsyncCheckpointer` writes the arrays. Its `CheckpointManager`, which would commit, choose and remove
checkpoints too, was tried (0.12.8) and does not keep what is promised here:

- *A step's folder is whole.* The manager removes an old checkpoint file by file in its place. Killed in between, it
  leaves a torn one that it lists among its steps from then on and, as the metrics went first, never removes.
- *Damage is noticed.* Of 60 single bits that were flipped in a checkpoint's files, 34 gave other numbers without an
  error, and the position is bare JSON. Digests must be in the folder before the rename; the only way in before it,
  ``temporary_path_class``, is deprecated.
- *What is said to be saved is on the disk.* The manager syncs the arrays, but neither position, metrics and metadata
  nor the folders around its rename.
- *One damaged checkpoint costs that one.* A torn file of metrics in any step makes the manager itself fail to open.
- *A step may be saved again* with what the run has learnt since: that it is the best. The manager refuses that.
- *What is latest and best is what lies on the disk.* The manager names a step as both while it is still being written.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from cxrtui.disk import explained, refusal
from cxrtui.errors import CheckpointError
from cxrtui.files import sync
from cxrtui.runs.advice import named
from cxrtui.runs.folder import Run
from cxrtui.weights import digests, recorded, states
from cxrtui.weights.orbax_noise import silence_failed_saves, silence_late_readers

Tree = Any

_UNFINISHED, _LEAVING = ".saving", ".removing"


class Checkpoints:
    """Writes and reads the checkpoints of one run.

    At most one save is under way; `save` waits for the one before it. Of the committed ones the latest stays, and the
    one that it names as the best; where the two are one, the best before it stays too, in case the latest is damaged.
    With `read_only` nothing is ever removed.

    Raises:
        CheckpointError: `folder` is something else, a pipe or a link to nothing, say.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder.absolute()
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            raise CheckpointError(f"{self.folder} is no folder of checkpoints; check what is there.")
        if not read_only:  # a reader must not touch what a live run is writing
            self._sweep(_UNFINISHED, _LEAVING, ".orbax-checkpoint-tmp")
        self._saver: ocp.AsyncCheckpointer | None = None
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._committing: Future[None] | None = None
        self._saving: int | None = None

    def save(self, step: int, weights: Tree, optimizer: Tree, progress: dict[str, Any]) -> None:
        """Copy the state to the host and write it in the background; the caller may then donate the buffers.

        Raises:
            CheckpointError: the disk refuses.
        """
        self.wait()
        self.prune()
        about = {"digests": digests.DIGESTS, "run": recorded.identity(self.folder)}
        position = json.dumps({**progress, **about}, allow_nan=False)
        try:
            if step in self.steps():
                # The same arrays, but the run may know more by now: that they are the best, say.
                digests.replace(self.folder / str(step), step, states.POSITION, position)
                return
            # Not its parents: where the run's folder is gone, no stump of it is to come back.
            self.folder.mkdir(exist_ok=True)
            if self._saver is None:
                silence_failed_saves()
                silence_late_readers()
                self._saver = ocp.AsyncCheckpointer(ocp.CompositeCheckpointHandler())
            items = ocp.args.Composite(
                weights=ocp.args.StandardSave(weights), optimizer=ocp.args.StandardSave(optimizer)
            )
            self._saver.save(self._unfinished(step), args=items)
        except Exception as error:
            raise self._refused(step, error) from error
        self._saving = step
        self._committing = self._committer.submit(self._commit, step, position)

    def _commit(self, step: int, position: str) -> None:
        """What follows the copy to the host, in a thread of its own."""
        assert self._saver is not None
        self._saver.wait_until_finished()
        unfinished = self._unfinished(step)
        (unfinished / states.POSITION).parent.mkdir()
        (unfinished / states.POSITION).write_text(position, encoding="utf-8")
        digests.seal(unfinished, step)
        unfinished.rename(self.folder / str(step))
        sync(self.folder)

    @property
    def saving(self) -> int | None:
        """The step whose save has not been committed yet, or None.

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
            self._sweep(_UNFINISHED)  # the room that it took is needed
            raise self._refused(step, error) from error
        self._sweep(states.ASIDE)  # the run has gone on from an older one, and that is safe now

    def close(self) -> None:
        """Finish what is under way and free the threads."""
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
        """Remove what is neither the latest, nor the best of the latest or, where that is the latest, the best before.

        Nothing is removed where the latest cannot be read.
        """
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
            # By a rename first: a reader finds a checkpoint whole or not at all.
            leaving = self.folder / f"{step}{_LEAVING}"
            with contextlib.suppress(OSError):
                (self.folder / str(step)).rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)

    def _named_best(self, step: int) -> int:
        return int(self.progress(step).get("best_step") or 0)

    def _sweep(self, *marks: str) -> None:
        """Remove the folders that have one of the marks in their names."""
        for mark in marks:
            for left in self.folder.glob(f"*{mark}*"):
                shutil.rmtree(left, ignore_errors=True)

    def steps(self) -> list[int]:
        """The committed steps, ascending."""
        return states.steps(self.folder)

    def latest(self) -> int | None:
        """The last committed step, or None."""
        return self.steps()[-1] if self.steps() else None

    def best(self) -> int:
        """The step whose weights are to be used: the best validated one, else the latest.

        Raises:
            CheckpointError: nothing was saved.
        """
        latest = self.latest()
        if latest is None:
            raise CheckpointError(f"No checkpoint in {self.folder}; the run was stopped before its first one.")
        best = self._named_best(latest) or latest
        if best not in self.steps():
            if not (self.folder / f"{best}{states.ASIDE}").exists():
                raise states.damaged(self.folder, best, "it is missing", ("weights",))
            return latest  # the user has gone back to this one, because that one was damaged
        return best

    def sealed(self, step: int) -> bool:
        """Whether the checkpoint of `step` has digests; one that an older version wrote has none."""
        return (self.folder / str(step) / digests.DIGESTS).is_file()

    def progress(self, step: int) -> dict[str, Any]:
        """Where the run stood at `step`.

        Raises:
            CheckpointError: the checkpoint is damaged.
        """
        try:
            return states.position(self.folder, step)
        except digests.DamagedError as error:
            raise states.damaged(self.folder, step, error, ("progress",)) from None

    def weights(self, step: int, like: Tree) -> Tree:
        """Parameters and statistics at `step`, in the structure, shapes and dtypes of `like`; all are finite.

        Raises:
            CheckpointError: the checkpoint is damaged, or of another network, or holds a number that is not finite.
        """
        weights = self._restore(step, "weights", like)
        if not finite(weights):
            raise states.damaged(self.folder, step, "its weights are not all finite numbers", ("weights",))
        return weights

    def optimizer(self, step: int, like: Tree) -> Tree:
        """The optimizer's state at `step`, as `weights`."""
        return self._restore(step, "optimizer", like)

    def _restore(self, step: int, item: str, like: Tree) -> Any:
        silence_late_readers()
        states.verify(self.folder, step, (item,))
        try:
            with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
                arguments = ocp.args.Composite(**{item: ocp.args.StandardRestore(like)})
                return reader.restore(self.folder / str(step), args=arguments)[item]
        except Exception as error:
            why = refusal(error)
            raise CheckpointError(
                f"Checkpoint {self.folder / str(step)} cannot be read ({why.reason}); {why.remedy}."
                if why
                else f"The {item} in checkpoint {self.folder / str(step)} are not those of the network in the run's "
                "config.toml, or are torn; put config.toml back as it was, or start a new run."
            ) from error

    def _unfinished(self, step: int) -> Path:
        return self.folder / f"{step}{_UNFINISHED}"

    def _refused(self, step: int, error: Exception) -> CheckpointError:
        """What could not be written, what is safe, and what to do."""
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
    """Whether all floating-point numbers of a pytree of arrays are finite."""
    leaves = (np.asarray(leaf) for leaf in jax.tree.leaves(tree))
    return all(bool(np.isfinite(leaf).all()) for leaf in leaves if jax.numpy.issubdtype(leaf.dtype, np.floating))
