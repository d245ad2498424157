"""Reads a run's ``state`` folder: which steps it holds and whether they are sound. It also takes a run back to a step.

Imports neither Orbax nor JAX.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cxrtui.disk import explained
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.files import read_bytes
from cxrtui.weights import digests, recorded

ITEMS = ("weights", "optimizer", "progress")
POSITION = "progress/metadata"
ASIDE = ".set-aside"
_STEP = re.compile(r"0|[1-9][0-9]{0,8}")


class ForeignError(digests.DamagedError):
    """A checkpoint is sound, but another run saved it."""


def steps(folder: Path) -> list[int]:
    """Return the committed steps, ascending; folders with other names are ignored."""
    try:
        return sorted(int(path.name) for path in folder.iterdir() if _STEP.fullmatch(path.name) and path.is_dir())
    except OSError:
        return []


def position(folder: Path, step: int) -> dict[str, Any]:
    """Return where the run stood at `step`, after comparing its digests.

    Raises:
        DamagedError: it has changed since it was saved, or another run saved it.
    """
    place = folder / str(step)
    sealed = digests.check(place, step, ("progress",))
    try:
        body = json.loads(read_bytes(place / POSITION))
    except (OSError, ValueError, RecursionError) as error:
        raise digests.DamagedError(f"{POSITION} cannot be read ({explained(error)})") from None
    if not isinstance(body, dict):
        raise digests.DamagedError(f"{POSITION} holds no position")
    if not sealed and digests.DIGESTS in body.values():
        raise digests.DamagedError(f"{digests.DIGESTS} is missing")
    if body.get("step", step) != step:
        raise digests.DamagedError(f"{POSITION} is of step {body['step']}")
    if other := recorded.other_run(folder, body):
        raise ForeignError(f"run {other} saved it")
    return body


def progress(folder: Path, step: int) -> dict[str, Any]:
    """Return what `position` returns.

    Raises:
        CheckpointError: the checkpoint is damaged; the message names another one that is sound.
    """
    try:
        return position(folder, step)
    except digests.DamagedError as error:
        raise damaged(folder, step, error, ("progress",)) from None


def named_best(folder: Path, step: int) -> int:
    """Return the step that the checkpoint of `step` names as the best so far; 0 if it names none.

    Raises:
        CheckpointError: as `progress`.
    """
    return int(progress(folder, step).get("best_step") or 0)


def best(folder: Path) -> int:
    """Return the step whose weights are to be used: the best validated one, else the latest.

    Raises:
        CheckpointError: nothing was saved, or the latest checkpoint is damaged, or the best is missing.
    """
    known = steps(folder)
    if not known:
        raise CheckpointError(f"No checkpoint in {folder}; the run was stopped before its first one.")
    found = named_best(folder, known[-1]) or known[-1]
    if found in steps(folder):
        return found
    if not (folder / f"{found}{ASIDE}").exists():
        raise damaged(folder, found, "it is missing", ("weights",))
    return known[-1]  # the user went back to the latest, because the best was damaged


def sound(folder: Path, step: int, items: Iterable[str]) -> bool:
    """Return whether the files of `items` and the position are as they were saved."""
    try:
        digests.check(folder / str(step), step, items)
        position(folder, step)
    except digests.DamagedError:
        return False
    return True


def damaged(folder: Path, step: int, reason: str | digests.DamagedError, items: Iterable[str]) -> CheckpointError:
    """Return the error for a checkpoint that differs from what this run saved; it names a sound one if there is any."""
    wanted = {*items, "weights", "progress"}
    others = [other for other in steps(folder) if other != step and sound(folder, other, wanted)]
    if others:
        best = ([other for other in others if other < step] or others)[-1]
        offer = f"the one of step {best} is sound; use it with --step {best}"
    else:
        offer = "there is no other sound one; start a new run"
    what = "damaged"
    if isinstance(reason, ForeignError):
        what, offer = "not of this run", f"put this run's own back, or start a new run{f'; {offer}' * bool(others)}"
    return CheckpointError(f"Checkpoint {folder / str(step)} of step {step} is {what} ({reason}); {offer}.")


def verify(folder: Path, step: int, items: Iterable[str] = ITEMS) -> None:
    """Compare the files of `items` with their digests.

    Raises:
        CheckpointError: one has changed; the message names another checkpoint that is sound.
    """
    wanted = tuple(items)
    try:
        digests.check(folder / str(step), step, wanted)
        position(folder, step)
    except digests.DamagedError as error:
        raise damaged(folder, step, error, wanted) from None


def choose(folder: Path, step: int) -> int:
    """Return `step`, if there is a checkpoint of it.

    Raises:
        UsageError: there is none; the message lists the steps that have one.
    """
    if step not in (known := steps(folder)):
        listed = ", ".join(map(str, known)) or "none"
        raise UsageError(f"Run {folder.parent.name} has no checkpoint of step {step}; there are: {listed}.")
    return step


def go_back(folder: Path, step: int) -> None:
    """Make `step` the latest checkpoint: set later ones aside, and also the best that it names, if that is damaged.

    Checkpoints that are set aside are removed once the run has gone on and saved its next checkpoint.

    Raises:
        UsageError: there is no checkpoint of that step.
        CheckpointError: the checkpoint of `step` is damaged, or the disk refuses.
    """
    verify(folder, choose(folder, step))
    best = position(folder, step).get("best_step")
    aside = [other for other in steps(folder) if other > step or (other == best and not sound(folder, other, ITEMS))]
    try:
        for other in reversed(aside):
            place = folder / f"{other}{ASIDE}"
            number = 1
            while os.path.lexists(place):
                number += 1
                place = folder / f"{other}{ASIDE}-{number}"
            (folder / str(other)).rename(place)
    except OSError as error:
        raise CheckpointError(f"Cannot set later checkpoints in {folder} aside: {explained(error)}.") from None
