"""Says what films a model was trained on, and warns where its answers cannot mean anything for others."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxrtui.data.films import is_synthetic
from cxrtui.files import read_text
from cxrtui.printable import in_list, printable
from cxrtui.runs.events import SPLIT_LEAKS
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.weights import shelf

_SPLITS_MOST = 1 << 30  # bytes


@dataclass(frozen=True)
class TrainedOn:
    """The films of a model's training split.

    Attributes:
        source: where they come from, without folders above it; may be empty.
        counts: films by label.
        patients: of these films; 0 if that is not recorded.
        synthetic: films that cxrtui drew itself; 0 also where that is not recorded.
        begun: whether the training had done a step when the weights were saved.
    """

    source: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    patients: int = 0
    synthetic: int = 0
    begun: bool = True

    @property
    def films(self) -> int:
        """The number of films."""
        return sum(self.counts.values())

    @property
    def text(self) -> str:
        """What it was trained on, in one line; empty if nothing is recorded."""
        if not self.begun:
            return "not trained yet: its checkpoint is of step 0"
        if not self.films:
            return ""
        kind = "synthetic films (phantoms)" if self.synthetic == self.films else "films"
        held = ", ".join(f"{count} {in_list(label)}" for label, count in self.counts.items())
        patients = f"; {self.patients} patients" if self.patients else ""
        return f"trained on {self.films} {kind}{f' of {self.source}' if self.source else ''}: {held}{patients}"

    def warning(self, names: Iterable[str]) -> str:
        """Return why the answers for films of these file names cannot be believed; empty if nothing is known.

        A model of synthetic films says nothing of real ones, and one that was stopped before its first step of none.
        """
        if not self.begun:
            return "This model has not been trained yet: its answers mean nothing."
        if not self.synthetic or all(map(is_synthetic, names)):
            return ""
        if self.synthetic == self.films:
            return "This model was trained on synthetic films (phantoms) alone: its answers on real films mean nothing."
        return f"{self.synthetic} of the {self.films} films that this model was trained on are synthetic (phantoms)."


def trained_on(target: Run | Path, step: int | None = None) -> TrainedOn:
    """Return what is recorded of the training of a run, or of a folder of the shelf; what is missing is left out.

    Args:
        target: the run, or the folder.
        step: of a run's weights; by default that of its last checkpoint.
    """
    try:
        if isinstance(target, Run):
            if step is None and (saved := summary(target).checkpoint) is not None:
                step = saved.step
            data = json.loads(read_text(target.manifest_file))["data"]
            source = " + ".join(Path(part).name for part in str(data.get("source", "")).split(" + "))
            made = _made(source, data.get("counts"), data.get("patients"), synthetic_films(target))
            return replace(made, begun=step != 0)
        origin = tomllib.loads(read_text(target / shelf.CLASSIFIER))["provenance"]
        return _made("", origin.get("films"), origin.get("patients"), origin.get("synthetic", 0))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return TrainedOn()


def _made(source: str, counts: Any, patients: Any, synthetic: Any) -> TrainedOn:
    train = {printable(label): int(count) for label, count in counts["train"].items()}
    who = patients.get("train", 0) if isinstance(patients, dict) else 0
    return TrainedOn(printable(source), train, int(who), int(synthetic))


def synthetic_films(run: Run) -> int:
    """Return how many films of the run's training split cxrtui drew itself; 0 if the splits cannot be read."""
    try:
        rows = csv.DictReader(io.StringIO(read_text(run.splits_file, _SPLITS_MOST), newline=""))
        return sum(row["part"] == "train" and is_synthetic(row["path"] or "", row.get("source") or "") for row in rows)
    except (OSError, KeyError, csv.Error, UnicodeError):
        return 0


def leaks(target: Run | Path) -> str:
    """Return what the user's own split, of a run or a folder of the shelf, divides, in one sentence; may be empty."""
    if isinstance(target, Run):
        return " ".join(warned.message for warned in target.read().warned(SPLIT_LEAKS))
    try:
        return printable(str(tomllib.loads(read_text(target / shelf.CLASSIFIER))["provenance"].get("leaks", "")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
