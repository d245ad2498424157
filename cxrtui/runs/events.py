"""The events of a run: frozen records of plain numbers and strings, each one JSON object on a line of the log.

The log is the only interface between a run and the programs that show it. A line is
``{"v": 1, "type": "StepDone", "time": 1763000000.0, ...}``; `time` is seconds since the epoch (UTC). A reader skips
types and fields that it does not know, so that it can read a newer log. A field that was added later has a default, so
that an older log can be read too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a run, at `time`."""

    time: float = field(default_factory=time.time)


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """The first event of a run; it holds the whole configuration.

    `run` is the name of the run, and `seed` is the seed of all randomness. `config` has the settings by section and
    key; its `model.unfreeze` and `optim.stage_learning_rates` are objects, and lists of ``key:value`` in older logs.
    `device` describes the device, `count` of which share each batch, and `versions` has those of Python and of the
    packages that matter.
    """

    run: str
    seed: int
    config: dict[str, dict[str, Any]]
    device: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Preparing(Event):
    """Work before or between the steps, for a progress bar.

    `stage` names the work, of which `done` of `total` items are done; `total` is 0 if it is not known.
    """

    stage: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class Fetching(Event):
    """The initial weights are not on the shelf and are fetched from a hub.

    `name` is their name on the shelf, `source` is the file at the hub with its repository, and `licence` is that of
    the weights; `bytes` is the size of the file, 0 if it is not known.
    """

    name: str
    source: str
    licence: str
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Fetched(Event):
    """The weights `name` are on the shelf, in `folder`, after `seconds`.

    `sha256` is the checksum of the file. `verified` says that the checksum was known beforehand and is the same.
    """

    name: str
    folder: str
    sha256: str
    verified: bool
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FirstWeights(Event):
    """The initial weights: `taken` says what was used of the file or folder `source`, `left` what was not and why."""

    source: str
    taken: str
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class DataPrepared(Event):
    """The films are ready.

    `source` says where they come from, and `labels` has the negative and the positive label. `counts[split][label]`
    are films and `patients[split]` patients. `left_out` counts the films that are left out, by reason; `unreadable` has
    a path and a reason for each film that could not be decoded. `cached` says that the films had been decoded before;
    `seconds` is the time for all of it. `fingerprint` changes with anything that the prepared films depend on;
    `content` changes with the films' content, and `division` with the split of each film, both whatever their names.
    """

    source: str
    fingerprint: str
    counts: dict[str, dict[str, int]]
    patients: dict[str, int]
    labels: list[str]
    left_out: dict[str, int] = field(default_factory=dict)
    unreadable: list[list[str]] = field(default_factory=list)
    cached: bool = False
    seconds: float = 0.0
    content: str = ""
    division: str = ""


@dataclass(frozen=True, kw_only=True)
class BatchChosen(Event):
    """``optim.batch_size=auto`` chose `batch_size` films for each step, for the run's train split and memory.

    The run's config.toml has that number from now on.
    """

    batch_size: int


@dataclass(frozen=True, kw_only=True)
class Compiled(Event):
    """The training step was compiled, or found in the cache of compiled programs, in `seconds`.

    `parameters` is the number of parameters of the network, and `trainable` of these are not frozen. `devices` of the
    `kind` share each batch equally: they are a mesh of one axis, ``data``. Older logs, of one device, name no kind.
    """

    seconds: float
    parameters: int
    trainable: int
    devices: int = 1
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class Unfrozen(Event):
    """From `epoch` on, whose first step follows `step`, `stage` and all above it train: `trainable` parameters."""

    epoch: int
    step: int
    stage: str
    trainable: int


@dataclass(frozen=True, kw_only=True)
class Encoding(Event):
    """The films are about to pass once through the frozen groups, of which `group` is the last, and not in every epoch.

    Kept are the features of `views` views of each of `films` training films, and of one view of each of `validation`
    films: `bytes` in all, on the device if `place` is ``device``, or in files if it is ``disk``; `folder` has the
    files, and is empty without any. `augmented` says whether the views differ from the films.
    """

    group: str
    films: int
    views: int
    validation: int
    bytes: int
    place: str
    folder: str = ""
    augmented: bool = True


@dataclass(frozen=True, kw_only=True)
class Encoded(Event):
    """The features of the films are there: `computed` were computed now, in `seconds`, and `found` had been kept.

    Both count a film once for each view. `bytes` and `group` are as in `Encoding`.
    """

    group: str
    computed: int
    found: int
    bytes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StepDone(Event):
    """One optimizer step. `step` counts from 1 over the whole run, `epoch` from 1 to `epochs`.

    `loss` and `accuracy` are means over the batch before the step, `gradient_norm` is the global norm before clipping,
    and `learning_rate` is the rate of the step. `steps_per_epoch` is the same in the whole run; `images_per_second`
    is the speed.
    """

    step: int
    epoch: int
    epochs: int
    steps_per_epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    gradient_norm: float
    images_per_second: float


@dataclass(frozen=True, kw_only=True)
class FirstStep(Event):
    """The first step of this process, `step`, was done `seconds` after the process was told to train.

    `phases` are the seconds of each part: imports (of JAX and the rest), weights (fetched and checked), films, programs
    (compiled or loaded, with the weights put into the network, and on a new machine its convolutions measured),
    features (of frozen groups) and first step.
    """

    step: int
    seconds: float
    phases: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EpochDone(Event):
    """One more pass over the training split, whole batches only, has taken `seconds`.

    `epoch` and `step` are the latest; `loss` and `accuracy` are means over the steps of the epoch.
    `images_per_second` is the speed of all devices together, and `per_device` that of each. In `waiting` of the
    seconds, at most, they had no step to do because its films were not there yet. Older logs have none of the three.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    seconds: float
    images_per_second: float = 0.0
    per_device: float = 0.0
    waiting: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Validated(Event):
    """The validation split was classified with the weights of `step`, after `epoch`, in `seconds`.

    `metrics` has loss, accuracy, auroc, sensitivity and specificity; one that is undefined is NaN. `counts` are as in
    `Evaluated`. `scores` counts the films of the negative and of the positive class by probability, in bins of equal
    width from 0 to 1; `roc` has points of the ROC curve, each a false positive rate and a sensitivity. Older logs have
    none of the three.
    """

    epoch: int
    step: int
    metrics: dict[str, float]
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    scores: dict[str, list[int]] = field(default_factory=dict)
    roc: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class EarlyStopping(Event):
    """The decision of early stopping after the validation of `epoch`, by `value` of the watched `metric`.

    `improved` says whether it is the best so far; `best` was reached at `best_epoch` and `best_step`. `to_beat` is the
    value that the next validation must pass to count as an improvement. The run stops after `patience` epochs without
    an improvement, so `patience_left` more may fail to improve; `stopping` says that the run stops now.
    """

    epoch: int
    metric: str
    value: float
    improved: bool
    best: float
    best_epoch: int
    best_step: int
    to_beat: float
    patience: int
    patience_left: int
    stopping: bool


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


@dataclass(frozen=True, kw_only=True)
class Evaluated(Event):
    """The best weights, those of `step`, were evaluated on one split, `part`.

    `metrics` is as in `Validated`; `counts` are tp, fp, tn, fn, positive, negative and films at `threshold`, which the
    rule `operating_point` has set on the validation films. `estimates` are all metrics with their intervals by name,
    each with value, low, high, n (films), patients and, where the interval is the exact one of a count, exact (1);
    `by_patient` are the same of patients, each with the mean probability of its films. PPV and NPV hold at
    `prevalence`. `calibration` has temperature and bias where these were fitted, and the Brier score and the ECE
    without it (brier_before, ece_before); threshold, `metrics` and `estimates` are those of calibrated probabilities.
    Older logs have only the first five, and their `threshold` is of the network's own probability.
    """

    part: str
    step: int
    metrics: dict[str, float]
    counts: dict[str, int]
    threshold: float
    estimates: dict[str, dict[str, float]] = field(default_factory=dict)
    by_patient: dict[str, dict[str, float]] = field(default_factory=dict)
    prevalence: float = 0.0
    operating_point: str = ""
    calibration: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The run ended without a fault after `step`, in `epoch`.

    `reason`: epochs or early_stopping, requested by a user, or pruned by a search.
    """

    reason: str
    step: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """The run ended with an error, after `step`.

    `error` is the name of the error's class, `message` is a sentence for people, and `exit_code` is that of the
    process; `traceback` is a file name inside the run folder, empty if there is none.
    """

    error: str
    message: str
    exit_code: int
    step: int = 0
    traceback: str = ""


TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        RunStarted, Preparing, Fetching, Fetched, FirstWeights, DataPrepared, BatchChosen, Compiled, Unfrozen, Encoding,
        Encoded, StepDone, FirstStep, EpochDone, Validated, EarlyStopping, CheckpointSaved, Mirrored, Profiled, Paused,
        Resumed, Warned, Usage, Evaluated, Stopped, Failed,
    )
}  # fmt: skip

COUNTED = frozenset(("tp", "fp", "tn", "fn", "positive", "negative", "films"))  # the counts of every `Evaluated`
EARLIEST, LATEST = 0.0, 253_402_300_799.0
"""Limits of an event's time, in seconds since the epoch: Python's clock shows no year after 9999."""

PATIENTS_UNKNOWN = "patients-unknown"
"""Code of the warning that leakage by patient cannot be excluded."""

SPLIT_LEAKS = "split-leaks"
"""Code of the warning that the user's own split divides patients or copies of films."""
