"""A run's state on disk with Orbax: saved in the background, committed by a rename, the latest and the best kept.

A checkpoint of step ``n`` is the folder ``state/<n>/`` with three items: ``weights`` (parameters and running
statistics), ``optimizer`` (its state) and ``progress`` (JSON: where the run stood, and which step is the best so far).
A folder under a temporary name is an unfinished save and is never read, so the process may be killed at any moment.
"""

from __future__ import annotations

import functools
import json
import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import orbax.checkpoint as ocp

from cxrtui.errors import CheckpointError
from cxrtui.runs import write_atomic

Tree = Any


class Checkpoints:
    """Writes and reads the checkpoints of one run.

    At most one save is under way; `save` waits for the one before it. Of the committed ones the latest stays, and the
    one that it names as the best. With `read_only` nothing is ever removed.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder.resolve()
        if not read_only:  # a reader must not touch what a live run is writing
            for leftover in self.folder.glob("*.orbax-checkpoint-tmp*"):
                shutil.rmtree(leftover, ignore_errors=True)
        self._saver: ocp.AsyncCheckpointer | None = None
        self._saving: int | None = None

    def save(self, step: int, weights: Tree, optimizer: Tree, progress: dict[str, Any]) -> None:
        """Copy the state to the host and write it in the background; the caller may then donate the buffers.

        Raises:
            CheckpointError: the disk refused.
        """
        self.wait()
        self._prune()
        if step in self.steps():
            # The same arrays, but the run may know more by now: that they are the best, say.
            write_atomic(self.folder / str(step) / "progress" / "metadata", json.dumps(progress))
            return
        if self._saver is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._saver = ocp.AsyncCheckpointer(ocp.CompositeCheckpointHandler())
        items = ocp.args.Composite(
            weights=ocp.args.StandardSave(weights),
            optimizer=ocp.args.StandardSave(optimizer),
            progress=ocp.args.JsonSave(progress),
        )
        try:
            self._saver.save(self.folder / str(step), args=items)
        except (OSError, ValueError) as error:
            raise CheckpointError(f"Cannot write the checkpoint of step {step} to {self.folder}: {error}.") from error
        self._saving = step

    @property
    def saving(self) -> int | None:
        """The step whose save has not been committed yet, or None."""
        if self._saving is not None and (self.folder / str(self._saving)).is_dir():
            self._saving = None
        return self._saving

    def wait(self) -> None:
        """Return once nothing is being written.

        Raises:
            CheckpointError: the save under way failed.
        """
        if self._saver is not None:
            try:
                self._saver.wait_until_finished()
            except Exception as error:
                raise CheckpointError(f"A checkpoint could not be written to {self.folder}: {error}.") from error
        self._saving = None

    def close(self) -> None:
        """Finish what is under way and free the threads."""
        if self._saver is not None:
            try:
                self.wait()
                self._prune()
            finally:
                self._saver.close()
                self._saver = None

    def _prune(self) -> None:
        """Remove what is neither the latest nor the best of the latest."""
        steps = self.steps()
        if steps:
            keep = {steps[-1], self.progress(steps[-1]).get("best_step")}
            for step in steps:
                if step not in keep:
                    shutil.rmtree(self.folder / str(step), ignore_errors=True)

    def steps(self) -> list[int]:
        """The committed steps, ascending."""
        try:
            return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal() and path.is_dir())
        except OSError:
            return []

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
        return int(self.progress(latest).get("best_step") or latest)

    def progress(self, step: int) -> dict[str, Any]:
        """Where the run stood at `step`.

        Raises:
            CheckpointError: the checkpoint is torn.
        """
        return dict(self._restore(step, progress=ocp.args.JsonRestore())["progress"])

    def weights(self, step: int, like: Tree) -> Tree:
        """Parameters and statistics at `step`, in the structure, shapes and dtypes of `like`.

        Raises:
            CheckpointError: the checkpoint is torn, or of another network.
        """
        return self._restore(step, weights=ocp.args.StandardRestore(like))["weights"]

    def optimizer(self, step: int, like: Tree) -> Tree:
        """The optimizer's state at `step`, as `weights`."""
        return self._restore(step, optimizer=ocp.args.StandardRestore(like))["optimizer"]

    def _restore(self, step: int, **items: Any) -> Any:
        _silence_late_readers()
        try:
            with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
                return reader.restore(self.folder / str(step), args=ocp.args.Composite(**items))
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise CheckpointError(
                f"Checkpoint {self.folder / str(step)} cannot be read ({reason}); "
                "it is torn or belongs to another network."
            ) from error


@functools.cache
def _silence_late_readers() -> None:
    """Keep quiet what Orbax's other reads say after the first torn array: their errors, and that the loop is gone.

    The first error is the one that is raised; the others would be printed whenever Python collects their tasks.
    """
    before = sys.unraisablehook

    def hook(told: sys.UnraisableHookArgs) -> None:
        if "Event loop is closed" not in str(told.exc_value):
            before(told)

    def by_tensorstore(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return "Task exception was never retrieved" in record.getMessage() and "tensorstore_spec" in str(error)

    sys.unraisablehook = hook
    logging.getLogger("asyncio").addFilter(lambda record: not by_tensorstore(record))
