"""Loads a classifier with labels, preprocessing and operating point, from a run or from a folder of the shelf."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxrtui.data.duplicates import known
from cxrtui.data.images.decode import stored_size
from cxrtui.data.prepared.seen import Seen
from cxrtui.errors import CheckpointError, ConfigError, UsageError, WeightsError
from cxrtui.evaluation import operation as operations
from cxrtui.evaluation import sealed
from cxrtui.evaluation.operation import Operation
from cxrtui.evaluation.predict import Variables
from cxrtui.files import read_text
from cxrtui.net import backend, build, freeze
from cxrtui.net.classifier import Classifier
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.printable import printable
from cxrtui.runs.folder import Run, is_run
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.weights import recorded, restored, saved, shelf, states
from cxrtui.weights.checkpoints import Checkpoints

OLDER = "The checkpoint is of an older version and has no digests: damage to it cannot be noticed."
SEEN = "trained-on.txt"  # in a shelf folder: content hashes of the films of the training and validation splits
_SEEN_MOST = 1 << 30  # bytes


@dataclass(frozen=True)
class Model:
    """Everything that a prediction depends on.

    Attributes:
        name: of the run, or of the folder.
        config: of the run; from a folder, ``data``, ``model`` and ``augment`` as far as a prediction needs them.
        labels: the negative and the positive label.
        graphdef: the network's description.
        variables: the network's parameters and running statistics.
        step: optimizer step of the variables.
        operation: the calibration, and the threshold at or above which a film is predicted positive.
        note: a remark on these weights for the user; may be empty.
        table: the forms of the network's convolutions, as training had them.
    """

    name: str
    config: Config
    labels: tuple[str, str]
    graphdef: Any
    variables: Variables
    step: int
    operation: Operation = field(default_factory=Operation)
    note: str = ""
    table: Table = ALL_DIRECT

    @property
    def size(self) -> int:
        """Height and width of the network's input, pixels."""
        return self.config.data.size

    @property
    def stored_size(self) -> int:
        """Height and width of an image as it is stored and passed to the network's resampling, pixels."""
        return stored_size(self.config.data.size)

    @property
    def threshold(self) -> float:
        """A film is predicted positive if its calibrated probability is this or more."""
        return self.operation.threshold

    @property
    def uncalibrated(self) -> Model:
        """The same classifier with the network's own probabilities, and the same operating point for them."""
        return replace(self, operation=self.operation.without_calibration)

    def network(self) -> Classifier:
        """Return a copy of the network."""
        return freeze.merge(self.graphdef, **self.variables)


def load(target: Run | Path, step: int | None = None) -> Model:
    """Return the best weights of a run, or the classifier in a folder of the shelf.

    Args:
        target: the run, or the folder.
        step: of a run, the checkpoint to take instead of the best one.

    Raises:
        UsageError: `target` is neither, or has no checkpoint of that step.
        CheckpointError: the run's checkpoint cannot be read; if another one is sound, the message names it.
        WeightsError: the folder is incomplete or was changed.
    """
    if isinstance(target, Path) and shelf.is_shelf(target):
        if step is not None:
            raise UsageError(f"{target} is a finished classifier and has no steps; leave --step out.")
        return load_shelved(target)
    run = target if isinstance(target, Run) else Run(target)
    if not is_run(run.folder):
        raise UsageError(f"{run.folder} is no run and no classifier; `cxrtui runs list` names the runs there are.")
    if step is not None:
        return load_step(run, states.choose(run.state, step))
    checkpoints = Checkpoints(run.state, read_only=True)
    while True:
        step = checkpoints.best()
        try:
            return load_step(run, step)
        except CheckpointError:
            if step in checkpoints.steps():
                raise
            # Meanwhile a live run has found better weights and removed these.


def load_step(run: Run, step: int) -> Model:
    """Return the model in one checkpoint of a run.

    Raises:
        CheckpointError: the run's configuration or that checkpoint cannot be read.
    """
    backend.prepare()
    try:
        settings = configs.load(run.config_file)
    except ConfigError as error:
        raise CheckpointError(f"Run {run.name} cannot be read: {error}") from None
    checkpoints = Checkpoints(run.state, read_only=True)
    progress = checkpoints.progress(step)
    _, graphdef, variables = restored.restored(settings, checkpoints, step, progress)
    try:
        negative, positive = map(printable, progress["labels"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"Checkpoint {step} of run {run.name} does not name its classes.") from None
    operation, why = operations.read(run, step)
    note = " ".join(filter(None, ("" if checkpoints.sealed(step) else OLDER, why)))
    table = recorded.convolutions(progress, checkpoints.folder / str(step))
    return Model(run.name, settings, (negative, positive), graphdef, variables, step, operation, note, table)


def load_shelved(folder: Path) -> Model:
    """Return a classifier that `export` put on a shelf.

    Raises:
        UsageError: the folder holds a network but no finished classifier.
        WeightsError: the folder is incomplete or was changed.
    """
    if not shelf.is_classifier(folder):
        raise UsageError(f"{folder} is a network and no finished classifier; train one from it: "
                         f"cxrtui train --init {folder.name}")  # fmt: skip
    backend.prepare()
    try:
        facts = tomllib.loads(read_text(folder / shelf.CLASSIFIER))
        negative, positive = map(printable, facts["labels"])
        threshold, step = float(facts["threshold"]), int(facts["step"])
        settings = configs.resolve({f"data.{key}": value for key, value in facts["data"].items()},
                                   {"model.precision": facts["precision"]}, _augment(facts))  # fmt: skip
        if not (math.isfinite(threshold) and 0 <= step < 1 << 63):
            raise ValueError("threshold or step is out of range")
        older = Operation(threshold=threshold, uncalibrated=threshold, rule=f"{threshold:g}")
        operation = Operation.from_dict(facts["operation"]) if "operation" in facts else older
        table = Table.from_dict(facts.get("convolutions", {}))
    except (
        OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, ConfigError,
    ) as error:  # fmt: skip
        raise WeightsError(
            f"{folder / shelf.CLASSIFIER} cannot be read: {_reason(error)}; export the run again."
        ) from None
    network, manifest = saved.read_shelf(folder)
    if why := sealed.changed(facts, manifest.spec):
        raise WeightsError(f"{folder / shelf.CLASSIFIER}: {why}; export the run again.")
    build.compute_in(network, build.precision(settings))
    graphdef, trainable, frozen, statistics = freeze.split(network)
    variables = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return Model(folder.name, settings, (negative, positive), graphdef, variables, step, operation, table=table)


def _augment(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the augmentation that it was trained with; the defaults' if they are not recorded."""
    settings = facts.get("provenance", {}).get("settings", {}).get("augment", {})
    return {f"augment.{key}": value for key, value in settings.items()}


def _reason(error: Exception) -> str:
    """Return why a file cannot be read, in few words."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return printable(error.strerror or error if isinstance(error, OSError) else error)[:200]


def seen_in_training(target: Run | Path) -> Seen:
    """Return what a run, or a folder of the shelf, records of the films of its training and validation splits."""
    folder = target if isinstance(target, Path) else target.folder
    return Seen(_digests(target), known.read(folder / known.FILE))


def _digests(target: Run | Path) -> frozenset[str]:
    """Return content hashes of the films; empty if they were not recorded."""
    try:
        if isinstance(target, Path):
            return frozenset(read_text(target / SEEN, _SEEN_MOST, encoding="ascii").split())
        rows = csv.DictReader(io.StringIO(read_text(target.splits_file, _SEEN_MOST), newline=""))
        return frozenset(row["sha256"] for row in rows if row["part"] in ("train", "validation"))
    except (OSError, KeyError, csv.Error, UnicodeError):
        return frozenset()
