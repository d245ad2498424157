"""The output of ``classify`` and ``evaluate``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.printable import cell, path_cell, printable
from cxrtui.runs.describe import metrics_text, percent

if TYPE_CHECKING:
    from cxrtui.evaluation.classify import Classified
    from cxrtui.evaluation.evaluate import Evaluation
from cxrtui.console.runs import counts_text


def print_classified(rows: Iterable[Classified], form: str) -> int:
    """Print each row as it comes, as ``json`` lines, ``csv`` or text; return how many files failed."""
    failed = 0
    header: list[str] | None = None
    for row in rows:
        failed += not row.ok
        if form == "json":
            print(strict_json.dumps(row.as_dict()), flush=True)
        elif form == "csv":
            header = _print_csv(row, header)
        else:
            _print_text(row)
    if form == "text":
        print(RESEARCH_ONLY)
    return failed


def _print_csv(row: Classified, header: list[str] | None) -> list[str]:
    """Print one row, with the header before the first; `probability` is that of the class in `positive`."""
    positive, probability = list(row.probabilities.items())[-1] if row.ok else ("", "")
    body = {
        "file": path_cell(row.file), "ok": row.ok, "label": cell(row.label), "positive": cell(positive),
        "probability": probability, "threshold": row.threshold if row.ok else "", "error": cell(row.error),
        "notes": cell("; ".join(row.notes)),
    }  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header is None:
        writer.writerow(body)
    writer.writerow(body.values())
    print(text.getvalue(), end="", flush=True)
    return list(body)


def _print_text(row: Classified) -> None:
    name = printable(row.file)
    console = PrintableConsole(soft_wrap=True)
    if not row.ok:
        console.print(Text.assemble((f"{name}: ", "bold"), ("not classified: ", "red"), row.error))
        return
    scores = " · ".join(f"{label} {percent(value)}" for label, value in row.probabilities.items())
    console.print(Text.assemble((f"{name}: ", "bold"), row.label, f"  ({scores}; threshold {row.threshold:g})"))
    for note in row.notes:
        console.print(Text(f"  note: {note}", "yellow"))


def print_evaluation(result: Evaluation, as_json: bool) -> None:
    """Print the result of an evaluation on stdout."""
    if as_json:
        print(strict_json.dumps(result.as_dict()))
        return
    counts = result.counts
    negative, positive = result.labels
    print(
        f"{result.run} on {result.source}: {counts['positive']} {positive} as positive,"
        f" {counts['negative']} {negative} as negative; {result.data.patients['all']} patients"
    )
    print(metrics_text(result.metrics))
    print(counts_text(counts))
    for reason, count in result.data.left_out.items():
        print(f"  left out: {count} {reason}")
    for path, reason in result.data.unreadable:
        print(f"  unreadable: {path}: {reason}")
    print(RESEARCH_ONLY)
