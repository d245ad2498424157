"""Events beside the training: pauses, warnings, and the use of the machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxrtui.runs.events.event import Event


@dataclass(frozen=True, kw_only=True)
class Paused(Event):
    """The run waits after `step`, its state in memory, until it is told to resume or stop."""

    step: int


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """The run goes on after `step`, in `epoch`: after a pause, or (`restored`) in a new process from a checkpoint.

    After a restore, the later steps in the log were lost with the old process and are done again.
    """

    step: int
    epoch: int = 0
    restored: bool = False


@dataclass(frozen=True, kw_only=True)
class Warned(Event):
    """Something the user should know; the run goes on.

    `message` is a sentence for people, and `code` is a stable name: programs and screens distinguish warnings by it,
    and never by words of the message. It is empty in older logs and for a warning without a code.
    """

    message: str
    code: str = ""


PATIENTS_UNKNOWN = "patients-unknown"
"""Code of the warning that leakage by patient cannot be excluded."""

SPLIT_LEAKS = "split-leaks"
"""Code of a warning that no figure of a run is a result on unseen films.

The user's own split divides patients or copies of films, or the initial weights were trained on test films.
"""


@dataclass(frozen=True, kw_only=True)
class Usage(Event):
    """How much of the machine the run uses, every few seconds while it works.

    `cpu` is the number of cores that the run's process kept busy since the last of these events, and `host_cpu` the
    fraction of all cores that were busy. `memory` is what the process holds, `host_memory` what all processes hold, of
    `host_memory_total`; all are bytes. Each of `devices` has `name`, `use` (the fraction of the time in which it
    worked), `memory` and `memory_peak` (what the run's arrays take) and `memory_total`, bytes; null is unknown.
    """

    cpu: float
    host_cpu: float
    memory: int
    host_memory: int
    host_memory_total: int
    devices: list[dict[str, Any]] = field(default_factory=list)
