"""This module lists the runs of a workspace, finds one by its name, and makes a new one."""

from __future__ import annotations

import contextlib
import difflib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from cxrtui.disk import explained
from cxrtui.errors import UsageError
from cxrtui.files import NAME_RULE, is_name, is_there
from cxrtui.runs.beginnings import clear_stump
from cxrtui.runs.folder import BIN, RUN_FILES, Run, is_run

STUDY_FILE = "study.toml"
"""The file that makes a folder in `checkpoints/` a study, which holds no run itself."""
PROTOCOL_FILE = "protocol.toml"
"""The same of a protocol (``cxrtui evaluate --protocol``)."""


def all_runs(checkpoints: Path) -> list[Run]:
    """Return every run in `checkpoints`; the run that was active last comes first."""
    found: list[tuple[int, Run]] = []
    with contextlib.suppress(OSError), os.scandir(checkpoints) as items:
        for item in items:  # as texts, because a list of a thousand runs is read each second
            with contextlib.suppress(OSError):  # it is no run (`is_run`), or was deleted meanwhile
                os.lstat(f"{item.path}/config.toml")
                changed = os.lstat(f"{item.path}/events.jsonl").st_mtime_ns
                if item.name != BIN:
                    found.append((changed, Run(Path(item.path))))
    # The name decides between runs of one moment, so that the order is always the same.
    return [run for _, run in sorted(found, key=lambda item: (item[0], item[1].name), reverse=True)]


def why_unreadable(folder: Path) -> str:
    """Return why the runs in `folder` cannot be listed; empty if they can be, or if there is no such folder."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The runs in {folder} cannot be listed: {explained(error)}."
    return ""


def find_run(checkpoints: Path, name: str) -> Run:
    """Return the run called `name`, or at the path `name`.

    Raises:
        UsageError: there is none; the message lists some runs that exist.
    """
    for folder in (checkpoints / name, Path(name)):
        if is_run(folder) and (".." not in Path(name).parts or folder == Path(name)):  # a path is relative to the user
            # A link is not resolved, so that deleting it never deletes its target.
            return Run(folder.absolute() if folder.is_symlink() else folder.resolve())
    if why := why_unreadable(checkpoints):
        raise UsageError(why)
    if is_there(checkpoints / name / STUDY_FILE):
        raise UsageError(f"{name} is a study and no run; see it with: cxrtui tune show {name}")
    if is_there(checkpoints / name / PROTOCOL_FILE):
        raise UsageError(f"{name} is a protocol and no run; see it with: cxrtui runs show {name}")
    if is_name(name) and (why := _why_no_run(checkpoints / name)):
        raise UsageError(why)
    known = [run.name for run in all_runs(checkpoints)]
    known = [*difflib.get_close_matches(name[:64], known, n=1), *known]  # the most similar name comes first
    shown = list(dict.fromkeys(known))
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    raise UsageError(f"No run {name!r} in {checkpoints}; runs there: {', '.join(shown[:5]) or 'none yet'}{more}.")


def _why_no_run(folder: Path) -> str:
    """Return why a folder of this name is not known as a run, in one sentence; empty if there is no such folder."""
    try:
        held = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"The run in {folder} cannot be read: {explained(error)}."
    missing = " and no ".join(name for name in RUN_FILES if name not in held)
    return f"{folder} is no run, for it has no {missing}." if missing else ""


def protocol_as_run(checkpoints: Path, name: str) -> Run | None:
    """Return the folder of the protocol `name`, moved and deleted as a run's is; None if there is none."""
    folder = checkpoints / name
    is_protocol = is_name(name) and is_there(folder / PROTOCOL_FILE) and not is_run(folder)
    return Run(folder.absolute()) if is_protocol else None


def behind_link(checkpoints: Path, name: str) -> Path | None:
    """Return the symbolic link inside `checkpoints` by which the path `name` leads to a run; None if there is none."""
    for place in (checkpoints / name, Path(name)):
        folder, top = Path(os.path.abspath(place)), Path(os.path.abspath(checkpoints))
        if is_run(folder) and folder.is_relative_to(top):
            between = folder.relative_to(top).parents
            return next((top / part for part in reversed(between) if part.name and (top / part).is_symlink()), None)
    return None


def new_run(checkpoints: Path, name: str = "") -> Run:
    """Create and return an empty run folder; without a name, its name is made from date and time.

    Raises:
        UsageError: the name is taken, or has characters that `NAME_RULE` does not allow.
    """
    if name and not is_name(name):
        raise UsageError(f"A run's name holds {NAME_RULE}, not {name!r}.")
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        for candidate in [name] if name else fresh_names():
            try:
                (checkpoints / candidate).mkdir()
            except FileExistsError:
                if not name or not clear_stump(Run(checkpoints / candidate)):
                    continue
                (checkpoints / candidate).mkdir()
            return Run((checkpoints / candidate).resolve())
    except OSError as error:
        raise UsageError(f"Cannot create a run in {checkpoints}: {error.strerror or error}.") from None
    if not is_run(checkpoints / name):
        raise UsageError(f"{checkpoints / name} exists and is no run; move it away or choose another name.")
    raise UsageError(
        f"Run {name} exists; go on with it (--resume {name}), delete it (cxrtui runs delete {name}), "
        "or choose another name."
    )


def fresh_name(checkpoints: Path) -> str:
    """Return a name from date and time that no run has yet."""
    return next(name for name in fresh_names() if not (checkpoints / name).exists())


def fresh_names() -> Iterator[str]:
    """Yield names from date and time, for a run or a study that got none."""
    stem = time.strftime("%Y%m%d-%H%M%S")
    yield stem
    for number in range(2, 100):
        yield f"{stem}-{number}"
