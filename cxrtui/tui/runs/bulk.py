"""What the Runs screen does with several runs at once. These functions read and write files, so threads call them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.files import is_there
from cxrtui.runs import bin, notes
from cxrtui.runs.bin import Binned
from cxrtui.runs.folder import Run
from cxrtui.runs.size import counted, size_of, size_text
from cxrtui.runs.tables import write_tables
from cxrtui.settings.config import load
from cxrtui.settings.listing import texts_of
from cxrtui.tui import reporting
from cxrtui.tui.backend import Backend
from cxrtui.tui.keys import key_of

T = TypeVar("T")


@dataclass
class Done:
    """What was done, and what failed: the sentences of the errors."""

    results: list[object] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def each(runs: Iterable[Run], work: Callable[[Run], object]) -> Done:
    """Return the results of `work` for each of `runs`; an error of one does not keep the others from it."""
    done = Done()
    for run in runs:
        try:
            done.results.append(work(run))
        except (CxrtuiError, OSError) as error:
            done.errors.append(str(error))
    return done


def size_of_all(runs: Sequence[Run]) -> int:
    """Return the bytes that the folders of `runs` take."""
    return sum(size_of(run.folder) for run in runs)


@dataclass
class Deletion:
    """Runs that were moved to the bin; `stuck` could only be deleted for good, each with its reason."""

    binned: list[Binned] = field(default_factory=list)
    stuck: list[tuple[Run, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def discard(runs: Iterable[Run]) -> Deletion:
    """Move `runs` to the bin."""
    done = Deletion()
    for run in runs:
        try:
            done.binned.append(bin.discard(run))
        except bin.NotBinnedError as error:
            done.stuck.append((run, str(error)))
        except CxrtuiError as error:
            done.errors.append(str(error))
    return done


def room(checkpoints: Path) -> str:
    """Return what the bin holds, in words; empty if it is empty."""
    kept = bin.contents(checkpoints)
    return f"The bin holds {counted(len(kept), 'run')}, {size_text(sum(item.size for item in kept))}." if kept else ""


def restore(items: Iterable[Binned]) -> Done:
    """Bring runs back from the bin."""
    done = Done()
    for item in items:
        try:
            done.results.append(bin.restore(item))
        except CxrtuiError as error:
            done.errors.append(str(error))
    return done


def write_note(run: Run, text: str) -> None:
    """Replace the note of `run`.

    Raises:
        UsageError: the file is damaged, or the disk refuses.
    """
    notes.change(run.folder, note=text)


def write_tags(run: Run, tags: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Replace the tags of `run` by what `tags` makes of those that it has.

    Raises:
        UsageError: a tag is not allowed, the file is damaged, or the disk refuses.
    """
    notes.change(run.folder, tags=tags)


def export(run: Run, form: str, place: Path, models: Path, backend: Backend) -> Path:
    """Write the tables of `run`, or what else `form` names, into a folder of its name in `place`; return that folder.

    Args:
        run: the run.
        form: "csv", "tensorboard" for an event file, "report" for a page, or "classifier" for the shelf.
        place: the folder of all that is exported.
        models: the shelf, where a classifier goes instead.
        backend: writes pages and classifiers.

    Raises:
        CxrtuiError: a package is missing, the shelf has something of the run's name, or the disk refuses.
    """
    if form == "classifier":
        if is_there(models / run.name):
            keys = f"{key_of('runs', 'weights')}, then {key_of('weights', 'remove')}"
            raise UsageError(f"{run.name} is on the shelf already; remove it there ({keys}) to export it again.")
        backend.export(run, models, run.name)
        return models / run.name
    if form == "report":
        return reporting.write(run, place, backend.report).parent
    if form == "tensorboard":
        from cxrtui.evaluation.tensorboard_file import write_events

        return write_events(run, place)
    return write_tables(run, place)


def settings_of(run: Run) -> dict[str, str]:
    """Return every setting of `run` by key, as the texts of a form.

    Raises:
        ConfigError: its config.toml cannot be read.
    """
    return texts_of(load(run.config_file))
