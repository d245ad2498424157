"""A finished classifier, from a run: weights, labels, preprocessing and operating point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui import config as configs
from cxrtui.config import Config
from cxrtui.data.decode import stored_side
from cxrtui.errors import CheckpointError, ConfigError, UsageError
from cxrtui.evaluation import network as networks
from cxrtui.evaluation.metrics import THRESHOLD
from cxrtui.evaluation.predict import Weights
from cxrtui.net import backend
from cxrtui.net.checkpoints import Checkpoints
from cxrtui.runs import Run, is_run


@dataclass(frozen=True)
class Model:
    """Everything that a prediction depends on.

    Attributes:
        name: of the run.
        config: of the run.
        labels: the negative and the positive label.
        graphdef, weights: the network.
        step: optimizer step of the weights.
        threshold: a film is called positive at or above it.
    """

    name: str
    config: Config
    labels: tuple[str, str]
    graphdef: Any
    weights: Weights
    step: int
    threshold: float = THRESHOLD

    @property
    def size(self) -> int:
        """Side of the network input, pixels."""
        return self.config.data.size

    @property
    def side(self) -> int:
        """Side of a film as it is stored and given to the network's resampling, pixels."""
        return stored_side(self.config.data.size)


def load(target: Run | Path) -> Model:
    """The best weights of a run.

    Raises:
        UsageError: `target` is no run.
        CheckpointError: it has no readable checkpoint.
    """
    run = target if isinstance(target, Run) else Run(target)
    if not is_run(run.folder):
        raise UsageError(f"{run.folder} is no run; `cxrtui runs list` names those there are.")
    checkpoints = Checkpoints(run.state, read_only=True)
    while True:
        step = checkpoints.best()
        try:
            return load_step(run, step)
        except CheckpointError:
            if step in checkpoints.steps():
                raise
            # A live run has found better weights meanwhile and removed these.


def load_step(run: Run, step: int) -> Model:
    """The weights of one checkpoint of a run.

    Raises:
        CheckpointError: the run's configuration or that checkpoint cannot be read.
    """
    backend.prepare()
    try:
        settings = configs.load(run.config_file)
    except ConfigError as error:
        raise CheckpointError(f"Run {run.name} cannot be read: {error}") from None
    checkpoints = Checkpoints(run.state, read_only=True)
    graphdef, trainable, frozen, statistics = networks.abstract(
        networks.spec_of(settings, stem_offset=settings.model.init != "random")
    )
    weights = checkpoints.weights(step, {"trainable": trainable, "frozen": frozen, "statistics": statistics})
    try:
        negative, positive = checkpoints.progress(step)["labels"]
    except (KeyError, ValueError):
        raise CheckpointError(f"Checkpoint {step} of run {run.name} does not name its classes.") from None
    return Model(run.name, settings, (negative, positive), graphdef, weights, step)
