"""The events of a run: frozen records of plain numbers and strings, each one JSON object on a line of the log.

The log is the only interface between a run and the programs that show it. A line is
``{"v": 1, "type": "StepDone", "time": 1763000000.0, ...}``; `time` is seconds since the epoch (UTC). A reader skips
types and fields that it does not know, so that it can read a newer log. A field that was added later has a default, so
that an older log can be read too.
"""

from __future__ import annotations

from cxrtui.runs.events.beginning import (
    BatchChosen,
    Compiled,
    DataPrepared,
    Encoded,
    Encoding,
    Fetched,
    Fetching,
    FirstWeights,
    Preparing,
    RunStarted,
)
from cxrtui.runs.events.ending import COUNTED, Evaluated, Failed, Stopped
from cxrtui.runs.events.event import EARLIEST, LATEST, VERSION, Event
from cxrtui.runs.events.meanwhile import PATIENTS_UNKNOWN, SPLIT_LEAKS, Paused, Resumed, Usage, Warned
from cxrtui.runs.events.saving import CheckpointSaved, Mirrored, Profiled
from cxrtui.runs.events.training import EarlyStopping, EpochDone, FirstStep, StepDone, Unfrozen, Validated

__all__ = [
    "COUNTED", "EARLIEST", "LATEST", "PATIENTS_UNKNOWN", "SPLIT_LEAKS", "TYPES", "VERSION", "BatchChosen",
    "CheckpointSaved", "Compiled", "DataPrepared", "EarlyStopping", "Encoded", "Encoding", "EpochDone", "Evaluated",
    "Event", "Failed", "Fetched", "Fetching", "FirstStep", "FirstWeights", "Mirrored", "Paused", "Preparing",
    "Profiled", "Resumed", "RunStarted", "StepDone", "Stopped", "Unfrozen", "Usage", "Validated", "Warned",
]  # fmt: skip

TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        RunStarted, Preparing, Fetching, Fetched, FirstWeights, DataPrepared, BatchChosen, Compiled, Unfrozen, Encoding,
        Encoded, StepDone, FirstStep, EpochDone, Validated, EarlyStopping, CheckpointSaved, Mirrored, Profiled, Paused,
        Resumed, Warned, Usage, Evaluated, Stopped, Failed,
    )
}  # fmt: skip
