"""The folder of a protocol.

::

    checkpoints/<name>/
        protocol.toml    what is trained and tested, and the settings that its runs share
        folds.json       the divisions of the films; written last when the films are prepared
        folds/           a split file for each training
        baseline.csv     scores of the tested films from what is known without a pixel
        lock             held by the process that works on the protocol
        predictions.csv  the out-of-fold predictions of all films
        result.json      the table
    checkpoints/<name>-f2/       the run of fold 2, an ordinary run
    checkpoints/<name>-f2-s3/    the same with the third seed
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from cxrtui import strict_json
from cxrtui.disk import explained
from cxrtui.errors import UsageError
from cxrtui.files import NAME_RULE, is_name, is_there, read_text, write_atomic
from cxrtui.runs import lock
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import PROTOCOL_FILE as FILE
from cxrtui.settings import config as configs
from cxrtui.settings.protocol import SECTION, Plan, plan_from, same_plan
from cxrtui.settings_toml import add_settings

_LONGEST_NAME = 64 - len("-f100-s100")  # the names of its runs may have 64
_MOST = 1 << 26  # bytes of a file


@dataclass(frozen=True)
class Fold:
    """One training and its test: the part of its run's name, what is held out, its seed, and its repeat from 0."""

    name: str
    held_out: str
    seed: int
    repeat: int
    left_out: int = 0


@dataclass(frozen=True)
class Folds:
    """All trainings of a protocol, and facts about its films.

    Attributes:
        folds: the trainings, in their order.
        classes: the names of the negative and the positive class.
        films: how many films there are, of how many patients.
        patients: see `films`.
        unknown: films whose patient is not known, each of which counts as a patient.
        divided: tested films with their patient or a copy among the films of their training.
        untested: why a source is not tested, by its name.
        left_out: films that contradict each other.
    """

    folds: tuple[Fold, ...]
    classes: tuple[str, str]
    films: int
    patients: int
    unknown: int
    divided: int
    untested: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0


@dataclass(frozen=True)
class ProtocolFolder:
    """The folder of a protocol."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """What is trained and tested."""
        return self.folder / FILE

    @property
    def folds_file(self) -> Path:
        """The divisions of the films."""
        return self.folder / "folds.json"

    @property
    def baseline_file(self) -> Path:
        """Scores without a pixel."""
        return self.folder / "baseline.csv"

    @property
    def predictions_file(self) -> Path:
        """The out-of-fold predictions."""
        return self.folder / "predictions.csv"

    @property
    def result_file(self) -> Path:
        """The table."""
        return self.folder / "result.json"

    @property
    def lock_file(self) -> Path:
        """Held by the process that works on the protocol."""
        return self.folder / "lock"

    def split_file(self, fold: Fold) -> Path:
        """The split file of a training."""
        return self.folder / "folds" / f"{fold.name}.csv"

    def run(self, fold: Fold) -> Run:
        """The run of a training, which need not exist."""
        return Run(self.folder.parent / f"{self.name}-{fold.name}")

    def alive(self) -> bool:
        """Return whether a process of this machine works on the protocol."""
        return lock.held(self.lock_file)

    def forget(self) -> None:
        """Remove the folder if it holds nothing but the plan, so that films that were refused leave no protocol."""
        with suppress(OSError):
            if {item.name for item in self.folder.iterdir()} <= {self.file.name, self.lock_file.name}:
                self.file.unlink(missing_ok=True)
                self.lock_file.unlink(missing_ok=True)
                self.folder.rmdir()

    def read(self) -> Plan:
        """Return what is trained and tested.

        Raises:
            ConfigError: protocol.toml is missing or not valid.
        """
        content = dict(configs.read_toml(self.file))
        own = content.pop(SECTION, {})
        base = configs.resolve(configs.flatten(content, str(self.file)))
        return plan_from(own if isinstance(own, dict) else {}, base, str(self.file))

    def write(self, plan: Plan) -> None:
        """Write protocol.toml."""
        document = tomlkit.document()
        table = tomlkit.table()
        table.update(plan.own())
        document.add(SECTION, table)
        add_settings(document, plan.base)
        write_atomic(self.file, tomlkit.dumps(document))

    def write_folds(self, folds: Folds) -> None:
        """Write folds.json."""
        write_atomic(self.folds_file, strict_json.dumps(asdict(folds), indent=2) + "\n")

    def read_folds(self) -> Folds | None:
        """Return what folds.json holds; None if the films are not divided yet, or it is not valid."""
        try:
            body: Any = json.loads(read_text(self.folds_file, _MOST))
            negative, positive = body.pop("classes")
            return Folds(**{**body, "folds": tuple(Fold(**fold) for fold in body["folds"]),
                            "classes": (str(negative), str(positive))})  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


def is_protocol(folder: Path) -> bool:
    """Return whether `folder` is that of a protocol."""
    return is_there(folder / FILE)


def all_protocols(checkpoints: Path) -> list[ProtocolFolder]:
    """Return the protocols in `checkpoints`, the one that was begun last first."""
    found = []
    with suppress(OSError):
        for folder in checkpoints.iterdir():
            if not folder.name.startswith(".") and is_protocol(folder):
                with suppress(OSError):
                    found.append(((folder / FILE).stat().st_mtime, ProtocolFolder(folder)))
    return [item for _, item in sorted(found, key=lambda item: (-item[0], item[1].name))]


def find_protocol(checkpoints: Path, name: str) -> ProtocolFolder | None:
    """Return the protocol called `name`, or at the path `name`; None if there is none."""
    for folder in (checkpoints / name, Path(name)):
        if name and is_protocol(folder):
            return ProtocolFolder(folder.resolve())
    return None


def begin(checkpoints: Path, name: str, plan: Plan) -> ProtocolFolder:
    """Return the protocol `name` if it was begun with the same plan, else make it; without a name, by the default one.

    Raises:
        ConfigError: it was begun with another plan.
        UsageError: the name is taken by something else or not allowed, or the disk refuses.
    """
    name = name or plan.default_name
    if not (is_name(name) and len(name) <= _LONGEST_NAME):
        raise UsageError(f"A protocol's name holds {NAME_RULE.replace('64', str(_LONGEST_NAME))}, not {name!r}.")
    found = ProtocolFolder(checkpoints.absolute() / name)
    if is_protocol(found.folder):
        same_plan(name, found.read(), plan)
        return found
    try:
        if is_there(found.folder) and not (found.folder.is_dir() and not any(found.folder.iterdir())):
            raise UsageError(f"{found.folder} exists and is no protocol; choose another name with --run.")
        found.folder.mkdir(parents=True, exist_ok=True)
        found.write(plan)
    except OSError as error:
        raise UsageError(f"Cannot write {found.folder}: {explained(error)}.") from None
    return found
