"""Events before the first step: the run, its weights, its films, its program, its features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cxrtui.runs.events.event import Event


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
