"""The output of ``classify`` and ``evaluate``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.text import Text

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console import progress
from cxrtui.console.evaluation import evaluation_lines, heading
from cxrtui.console.plots import plot_lines
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.errors import DataError, UsageError
from cxrtui.evaluation.rows import Classified, Form, lines
from cxrtui.evaluation.sentences import drawn_at
from cxrtui.printable import printable, printable_lines
from cxrtui.runs.describe import percent

if TYPE_CHECKING:
    from cxrtui.evaluation.classify import Classifier
    from cxrtui.evaluation.evaluate import Evaluation


def print_classified(rows: Iterable[Classified], form: Form | Literal["text"]) -> int:
    """Print each row as it comes, as ``json`` lines, ``csv`` or text; return how many files failed."""
    failed = 0

    def counted() -> Iterator[Classified]:
        nonlocal failed
        for row in rows:
            failed += not row.ok
            yield row

    if form == "text":
        for row in counted():
            _print_text(row)
        print(RESEARCH_ONLY)
    else:
        for line in lines(counted(), form):
            print(line, end="", flush=True)
    return failed


def print_with_heatmaps(
    classifier: Classifier, files: Sequence[Path], form: Form | Literal["text"], folder: Path, *,
    refuse: bool = True, **drawing: Any,
) -> int:  # fmt: skip
    """Classify `files` and print each row with the path of its heat map; show progress on stderr.

    Args:
        classifier: classifies the files.
        files: image files.
        form: as for `print_classified`.
        folder: of the heat maps.
        refuse: as for `Classifier.classify`.
        drawing: `HeatMaps`' method, stage and opacity.

    Returns:
        The exit code: 2 if the disk refused a heat map, 3 if a file has no row or no heat map for another reason.

    Raises:
        UsageError: the folder cannot be made.
    """
    from cxrtui.evaluation.evidence.heatmaps import HeatMaps

    # A bar must not redirect rows that go to a file or a pipe.
    with progress.shown(redirect=sys.stdout.isatty()) as on_progress:
        maps = HeatMaps(classifier.model, folder, files, on_problem=_warn, **drawing)

        def counted() -> Iterator[Classified]:
            for done, row in enumerate(maps.rows(classifier.classify(files, refuse=refuse)), 1):
                yield row
                on_progress("classifying and drawing heat maps", done, len(files))

        failed = print_classified(counted(), form)
    return UsageError.exit_code if maps.refused else DataError.exit_code if failed or maps.failed else 0


def _warn(problem: str) -> None:
    print(f"cxrtui: {problem}", file=sys.stderr, flush=True)


def _print_text(row: Classified) -> None:
    name = printable(row.file)
    console = PrintableConsole(soft_wrap=True)
    if not row.ok:
        hint = f"; give its films, such as {name.rstrip(os.sep)}{os.sep}*" if os.path.isdir(row.file) else ""
        console.print(
            Text.assemble(
                (f"{name}: ", "bold"), (f"{'refused' if row.refused else 'not classified'}: ", "red"), row.error + hint
            )
        )
        return
    scores = " · ".join(f"{label} {percent(value)}" for label, value in row.probabilities.items())
    console.print(
        Text.assemble(
            (f"{name}: ", "bold"),
            row.label or "no answer",
            f"  ({scores}; threshold {row.threshold:.4g}{'' if row.calibrated else '; not calibrated'})",
        )
    )
    for note in row.notes:
        console.print(Text(f"  note: {note}", "yellow"))
    if row.heatmap:
        console.print(Text(f"  heat map: {printable(row.heatmap)}"))


def print_evaluation(result: Evaluation, as_json: bool, *, plots: bool = False) -> None:
    """Print the result of an evaluation on stdout, with its curves if `plots`."""
    body = result.as_dict()
    if as_json:
        print(strict_json.dumps(body))
        return
    if result.caution:
        print(printable_lines(result.caution))
    about = heading(body, result.labels, printable(f"{result.run} on {result.source}: "))
    for line in (*about, *evaluation_lines(body)):
        print(line)
    if plots:
        print()
        for line in plot_lines(body["curves"], result.labels):
            print(line)
        if note := drawn_at(body):
            print(f"{note}\n")
    for reason, count in result.data.left_out.items():
        print(f"left out: {count} {reason}")
    for path, reason in result.data.unreadable:
        print(f"unreadable: {path}: {reason}")
    print(RESEARCH_ONLY)
