"""The output of ``report``: the page is written to a file, and its place is printed."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from cxrtui.console import progress
from cxrtui.evaluation.report.writing import FILE, write
from cxrtui.printable import printable
from cxrtui.runs.folder import Run


def write_report(
    run: Run, out: Path | None, *, evaluations: Sequence[Path] = (), inspection: Path | None = None, films: int = 0,
    show: bool = False,
) -> None:  # fmt: skip
    """Write the page on `run`, print where it is, and open it if `show`.

    Args:
        run: any run.
        out: the file; by default ``report.html`` in the run's folder.
        evaluations: files of ``cxrtui evaluate --json``, on other films.
        inspection: a file of ``cxrtui data inspect --json``.
        films: how many example films with heat maps to show; 0 for none.
        show: whether to open the page in a browser.

    Raises:
        DataError, UsageError, WeightsError: as `cxrtui.evaluation.report.writing.write`.
    """
    target = (out if out is not None else run.folder / FILE).absolute()
    with progress.shown() as on_progress:
        write(run, target, evaluations=evaluations, inspection=inspection, films=films, on_progress=on_progress)
    print(printable(target))
    if show and not webbrowser.open(target.as_uri()):
        print(f"No browser can be opened here; copy {printable(target)} to a machine that has one.", file=sys.stderr)
