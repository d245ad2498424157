"""Reads what a report is made of: a run's log, manifest, settings, splits and evaluations, and files that a user names.

Nothing here fails because a run is old, live, failed or damaged: what cannot be read is missing, and a sentence in
`problems` says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.errors import DataError, UsageError
from cxrtui.evaluation.report.evaluations import Evaluation, evaluations_of, external
from cxrtui.evaluation.trained_on import synthetic_films
from cxrtui.files import read_text, sha256
from cxrtui.runs import notes
from cxrtui.runs.events import SPLIT_LEAKS
from cxrtui.runs.folder import Run
from cxrtui.runs.notes import Notes
from cxrtui.runs.state import RunState
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config

_SPLITS_MOST = 1 << 30  # bytes
_HASHED = ("config.toml", "splits.csv", "manifest.json", "calibration.json")


@dataclass(frozen=True, eq=False)
class Material:
    """What is known of a run.

    Attributes:
        run: the run.
        state: what its log folds into.
        alive: whether a process writes it.
        notes: what people noted about it.
        manifest: the content of manifest.json; may be empty.
        config: its settings; None if they cannot be read.
        evaluations: of validation, test and other films, in this order.
        sources: films by source, split and label, from splits.csv.
        synthetic: films of the training that cxrtui drew itself.
        hashes: SHA-256 of the run's files by name.
        inspection: the content of a report of ``data inspect``; may be empty.
        problems: sentences on what could not be read.
    """

    run: Run
    state: RunState
    alive: bool = False
    notes: Notes = field(default_factory=Notes)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    config: Config | None = None
    evaluations: Sequence[Evaluation] = ()
    sources: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    synthetic: int = 0
    hashes: Mapping[str, str] = field(default_factory=dict)
    inspection: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @property
    def leaks(self) -> str:
        """What the split divides, in sentences; empty if nothing is known to be divided."""
        return self.private(" ".join(warned.message for warned in self.state.warned(SPLIT_LEAKS)))

    @property
    def ended(self) -> bool:
        """Whether the run has finished."""
        return self.state.status == "finished"

    def named(self, name: str) -> Evaluation | None:
        """Return the evaluation of that name; None if there is none."""
        return next((item for item in self.evaluations if item.name == name), None)

    def private(self, text: str) -> str:
        """Return `text` with the last name alone of each path that the settings hold: a page goes to other people."""
        for path in sorted(self._paths(), key=len, reverse=True):
            text = text.replace(path, name_of(path))
        return text

    def _paths(self) -> set[str]:
        settings = self.state.config.get("data", {})
        values = [settings.get(key) for key in ("source", "splits", "exclude", "groups")]
        found = {str(item) for value in values for item in (value if isinstance(value, list) else [value]) if item}
        found |= {str(self.run.folder), str(self.state.config.get("model", {}).get("init", ""))}
        if self.state.data is not None:
            found |= set(self.state.data.source.split(" + "))
        return {path for path in found if "/" in path}


def name_of(path: str) -> str:
    """Return the last name of a path, behind the layout where one is written before it (``NIH:/films``)."""
    layout, colon, rest = path.partition(":")
    if colon and "/" not in layout:
        return f"{layout}:{Path(rest).name or rest}"
    return Path(path).name or path


def read(
    run: Run, evaluation_files: Sequence[Path] = (), inspection_file: Path | None = None,
    on_progress: OnProgress = no_progress,
) -> Material:  # fmt: skip
    """Return what is known of `run`.

    Args:
        run: any run, also one that lives, has failed or is of an older version.
        evaluation_files: what ``cxrtui evaluate RUN --json`` has printed for other films.
        inspection_file: what ``cxrtui data inspect --json`` has printed for its films.
        on_progress: is called while intervals are computed that the run does not hold.

    Raises:
        DataError: a file that was named cannot be read, or is none of these.
        UsageError: an evaluation is that of another model.
    """
    state = run.read()
    problems = [state.problem] if state.problem else []
    more = [external(file, run.name, state) for file in evaluation_files]
    inspection = _inspection(inspection_file) if inspection_file is not None else {}
    found, wrong = evaluations_of(run, state, on_progress)
    problems += wrong
    config: Config | None = None
    try:
        config = configs.load(run.config_file)
    except UsageError as error:
        problems.append(str(error))
    hashes = {}
    for name in _HASHED:
        try:
            hashes[name] = sha256(run.folder / name)
        except OSError:
            continue
    return Material(
        run, state, run.seems_alive(), notes.read(run.folder), _object(run.manifest_file), config,
        (*found, *more), _sources(run), synthetic_films(run), hashes, inspection, tuple(problems),
    )  # fmt: skip


def _object(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is none."""
    try:
        body = json.loads(read_text(file))
    except (OSError, ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _inspection(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(read_text(file))
        if isinstance(body["verdict"], str) and isinstance(body["confounders"], list):
            return dict(body)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise DataError(f"{file} is no report of films; write one with: cxrtui data inspect PATH --json > {file}")


def _sources(run: Run) -> dict[tuple[str, str, str], int]:
    """Return how many films splits.csv has of each source, split and label; empty if it cannot be read."""
    try:
        rows = csv.DictReader(io.StringIO(read_text(run.splits_file, _SPLITS_MOST), newline=""))
        return dict(Counter((row.get("source") or "", row["part"], row["label"] or "") for row in rows if row["part"]))
    except (OSError, KeyError, csv.Error, UnicodeError):
        return {}
