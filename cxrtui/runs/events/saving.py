"""Events of what a run leaves on disk while it trains."""

from __future__ import annotations

from dataclasses import dataclass

from cxrtui.runs.events.event import Event


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """The run can be resumed from `step`, in `epoch`; saving took `seconds`.

    `best` says whether these are the best weights so far. `reason` is epoch, periodic, requested or stopping.
    """

    step: int
    epoch: int
    best: bool
    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Mirrored(Event):
    """The run was copied to `url` (``run.mirror``): `files` that were new or had changed, `bytes` in all.

    Copying took `seconds`.
    """

    url: str
    files: int
    bytes: int
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Profiled(Event):
    """A trace of `steps` steps from `step` on, which took `seconds`, is in the folder `path` of the run."""

    step: int
    steps: int
    seconds: float
    path: str
