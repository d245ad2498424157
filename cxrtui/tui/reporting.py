"""Writes the page on a run for a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cxrtui.disk import with_remedy
from cxrtui.errors import UsageError
from cxrtui.runs.folder import Run

FOLDER = "exports"
"""Of the workspace, where what is exported goes unless the user says otherwise."""


def write(run: Run, place: Path, report: Callable[[Run, Path], None]) -> Path:
    """Write the page into a folder of the run's name in `place`, by `report`, and return its file.

    Raises:
        CxrtuiError: the run cannot be read, or the disk refuses.
    """
    folder = place / run.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"Cannot make the folder {folder}: {with_remedy(error)}.") from None
    file = folder / "report.html"
    report(run, file)
    return file
