"""Loads a classifier with labels, preprocessing and operating point, from a run or from a folder of the shelf.

Only the network itself needs JAX, which takes two seconds to import; without it, this module imports none.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrtui.data.duplicates import known
from cxrtui.data.images.decode import stored_size
from cxrtui.data.prepared.seen import Seen
from cxrtui.errors import CheckpointError, ConfigError, UsageError, WeightsError
from cxrtui.evaluation import operation as operations
from cxrtui.evaluation import sealed
from cxrtui.evaluation.operation import Operation
from cxrtui.files import read_bytes, read_text
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.printable import printable
from cxrtui.runs.folder import Run, is_run
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.weights import digests, recorded, shelf, states
from cxrtui.weights.manifest import read_manifest

if TYPE_CHECKING:
    from cxrtui.evaluation.predict import Variables
    from cxrtui.net.classifier import Classifier
    from cxrtui.net.layout import Layout

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
        graphdef: the network's description; None if it was loaded without the network.
        variables: the network's parameters and running statistics; empty without the network.
        step: optimizer step of the variables.
        operation: the calibration, and the threshold at or above which a film is predicted positive.
        note: a remark on these weights for the user; may be empty.
        table: the forms of the network's convolutions, as training had them.
        content: a digest that changes with the network, its input and its variables; empty if they may have changed
            without it.
        layout: of the devices that have the variables; None without the network.
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
    content: str = ""
    layout: Layout | None = None

    @property
    def size(self) -> int:
        """Height and width of the network's input, pixels."""
        return self.config.data.size

    @property
    def stored_size(self) -> int:
        """Height and width of an image as it is stored and passed to the network's resampling, pixels."""
        return stored_size(self.config.data.size)

    @property
    def devices(self) -> int:
        """The number of devices that have the variables and share each batch."""
        return self.layout.count if self.layout is not None else 1

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
        from cxrtui.net import freeze

        return freeze.merge(self.graphdef, **self.variables)


def load(target: Run | Path, step: int | None = None, *, network: bool = True, devices: int = 1) -> Model:
    """Return the best weights of a run, or the classifier in a folder of the shelf.

    Args:
        target: the run, or the folder.
        step: of a run, the checkpoint to take instead of the best one.
        network: whether to load the network too; the files of the weights are read and compared only then.
        devices: that get the network and share each batch; 0 for all.

    Raises:
        ConfigError: there are not so many devices.
        UsageError: `target` is neither, or has no checkpoint of that step.
        CheckpointError: the run's checkpoint cannot be read; if another one is sound, the message names it.
        WeightsError: the folder is incomplete or was changed.
    """
    if isinstance(target, Path) and shelf.is_shelf(target):
        if step is not None:
            raise UsageError(f"{target} is a finished classifier and has no steps; leave --step out.")
        return load_shelved(target, network=network, devices=devices)
    run = target if isinstance(target, Run) else Run(target)
    if not is_run(run.folder):
        raise UsageError(f"{run.folder} is no run and no classifier; `cxrtui runs list` names the runs there are.")
    if step is not None:
        return load_step(run, states.choose(run.state, step), network=network, devices=devices)
    state = run.state.absolute()
    while True:
        step = states.best(state)
        try:
            return load_step(run, step, network=network, devices=devices)
        except CheckpointError:
            if step in states.steps(state):
                raise
            # Meanwhile a live run has found better weights and removed these.


def load_step(run: Run, step: int, *, network: bool = True, devices: int = 1) -> Model:
    """Return the model in one checkpoint of a run; without `network`, all but that; on devices as in `load`.

    Raises:
        CheckpointError: the run's configuration or that checkpoint cannot be read.
    """
    try:
        settings = configs.load(run.config_file)
    except ConfigError as error:
        raise CheckpointError(f"Run {run.name} cannot be read: {error}") from None
    place = run.state.absolute() / str(step)
    progress = states.progress(place.parent, step)
    recorded.check(settings, progress, place)
    try:
        negative, positive = map(printable, progress["labels"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(f"Checkpoint {step} of run {run.name} does not name its classes.") from None
    operation, why = operations.read(run, step)
    sealed_by = place / digests.DIGESTS
    note = " ".join(filter(None, ("" if sealed_by.is_file() else OLDER, why)))
    table = recorded.convolutions(progress, place)
    model = Model(run.name, settings, (negative, positive), None, {}, step, operation, note, table,
                  _content(sealed_by, of=repr(recorded.settings(settings))))  # fmt: skip
    if not network:
        return model
    from cxrtui.net import backend
    from cxrtui.net.layout import Layout
    from cxrtui.weights import restored
    from cxrtui.weights.checkpoints import Checkpoints

    backend.prepare()
    layout, checkpoints = Layout.choose(devices), Checkpoints(run.state, read_only=True)
    _, graphdef, variables = restored.restored(settings, checkpoints, step, progress, layout)
    return replace(model, graphdef=graphdef, variables=variables, layout=layout)


def _content(*files: Path, of: str = "") -> str:
    """Return a digest of files that hold the digests of all others, and of other text; empty if one is missing."""
    digest = hashlib.sha256(of.encode())
    try:
        for file in files:
            digest.update(hashlib.sha256(read_bytes(file)).digest())
    except OSError:
        return ""
    return digest.hexdigest()


def load_shelved(folder: Path, *, network: bool = True, devices: int = 1) -> Model:
    """Return a classifier that `export` put on a shelf; without `network`, all but that; on devices as in `load`.

    Raises:
        UsageError: the folder holds a network but no finished classifier.
        WeightsError: the folder is incomplete or was changed.
    """
    if not shelf.is_classifier(folder):
        raise UsageError(f"{folder} is a network and no finished classifier; train one from it: "
                         f"cxrtui train --init {folder.name}")  # fmt: skip
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
    if why := sealed.changed(facts, read_manifest(folder).spec):
        raise WeightsError(f"{folder / shelf.CLASSIFIER}: {why}; export the run again.")
    model = Model(folder.name, settings, (negative, positive), None, {}, step, operation, table=table,
                  content=_content(folder / shelf.CLASSIFIER, folder / shelf.MANIFEST))  # fmt: skip
    if not network:
        return model
    from cxrtui.net import backend, build, freeze
    from cxrtui.net.layout import Layout
    from cxrtui.weights import saved

    backend.prepare()
    layout = Layout.choose(devices)
    whole, _ = saved.read_shelf(folder)
    build.compute_in(whole, build.precision(settings))
    graphdef, trainable, frozen, statistics = freeze.split(whole)
    variables = layout.put_state({"trainable": trainable, "frozen": frozen, "statistics": statistics})
    return replace(model, graphdef=graphdef, variables=variables, layout=layout)


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
    """Return what a run, or a folder of the shelf, records of the films of its training and validation splits.

    Films of the classifier that a run began with count as well, as they are.
    """
    folder = target if isinstance(target, Path) else target.folder
    return Seen(_digests(target), known.read(folder / known.FILE))


def _digests(target: Run | Path) -> frozenset[str]:
    """Return content hashes of the films; empty if they were not recorded."""
    try:
        if isinstance(target, Path):
            return frozenset(read_text(target / SEEN, _SEEN_MOST, encoding="ascii").split())
        rows = csv.DictReader(io.StringIO(read_text(target.splits_file, _SEEN_MOST), newline=""))
        own = frozenset(row["sha256"] for row in rows if row["part"] in ("train", "validation"))
        first = shelf.shelved(configs.load_or_default(target.config_file)[0].model.init)
        return own | _digests(first) if first is not None else own
    except (OSError, KeyError, csv.Error, UnicodeError):
        return frozenset()
