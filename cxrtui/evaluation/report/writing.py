"""Writes the page on a run to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.disk import explained, with_remedy
from cxrtui.errors import UsageError
from cxrtui.evaluation.report import material as materials
from cxrtui.evaluation.report.page import page
from cxrtui.files import is_there, open_file, write_atomic
from cxrtui.runs.folder import Run

FILE = "report.html"
_START = b"<!doctype html"


def write(
    run: Run, target: Path, *, evaluations: Sequence[Path] = (), inspection: Path | None = None, films: int = 0,
    on_progress: OnProgress = no_progress,
) -> None:  # fmt: skip
    """Write the page on `run` to `target`.

    Args:
        run: any run.
        target: the file, in a folder that is there; of files that are there, only a page of HTML is replaced.
        evaluations: files of ``cxrtui evaluate --json``, on other films.
        inspection: a file of ``cxrtui data inspect --json``.
        films: how many example films with heat maps to show; 0 for none.
        on_progress: is called while intervals, heat maps and figures are made.

    Raises:
        DataError, UsageError, WeightsError: a file that was named, the films or the weights cannot be used, something
            other than a page is at `target`, or the disk refuses.
    """
    _check(target)
    material = materials.read(run, evaluations, inspection, on_progress)
    shown = None
    if films:
        from cxrtui.evaluation.report import films as examples  # it imports JAX

        shown = examples.section(run, material.state, films, on_progress)
    on_progress("drawing figures", 0, 0)
    text = page(material, shown)
    try:
        write_atomic(target, text)
    except OSError as error:
        raise UsageError(f"Cannot write {target}: {with_remedy(error)}.") from None


def _check(target: Path) -> None:
    """Refuse a file that cannot be written, or that would be lost, before anything is computed.

    Raises:
        UsageError: the folder is missing, or something other than a page or an empty file is there.
    """
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}; make it, or write to another file with --out.")
    if not is_there(target):
        return
    try:
        with open_file(target) as file:
            start = file.read(len(_START))
    except OSError as error:
        raise UsageError(f"Cannot write {target}: {explained(error)}; name another file with --out.") from None
    if start and start.lower() != _START:
        raise UsageError(f"{target} is no page of HTML and is not replaced; name another file with --out.")
