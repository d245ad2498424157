"""Events of steps and epochs, and what is decided between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from cxrtui.runs.events.event import Event


@dataclass(frozen=True, kw_only=True)
class Unfrozen(Event):
    """From `epoch` on, whose first step follows `step`, `stage` and all above it train: `trainable` parameters."""

    epoch: int
    step: int
    stage: str
    trainable: int


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
