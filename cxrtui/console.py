"""What the commands without a screen print: runs, one run, and classified files."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Column, Table
from rich.text import Text

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.disk import explained, refusal
from cxrtui.errors import UsageError
from cxrtui.printable import cell, path_cell, printable
from cxrtui.printing import PrintableConsole
from cxrtui.progress import RunState, metrics_text, percent
from cxrtui.runs import Run

if TYPE_CHECKING:
    from cxrtui.evaluation.classify import Classified
    from cxrtui.evaluation.evaluate import Evaluation
    from cxrtui.net.shelf import Entry


def run_row(run: Run) -> dict[str, Any]:
    """One run as plain values, for the list and for ``--json``."""
    state = run.summary()
    status = state.status
    if state.live and not run.alive():
        status = "interrupted"
    early = state.early
    return {
        "run": run.name,
        "status": status,
        "metric": early.metric if early else None,
        "best": early.best if early and math.isfinite(early.best) else None,
        "epoch": state.epoch,
        "epochs": state.steps[-1].epochs if len(state.steps) else None,
        "step": state.step,
        "updated": state.updated or None,
        "problem": state.problem or None,
    }


def age(seconds: float) -> str:
    """How long ago, in one unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def print_runs(runs: Iterable[Run], as_json: bool) -> None:
    """The list of runs on stdout."""
    rows = [run_row(run) for run in runs]
    if as_json:
        for row in rows:
            print(strict_json.dumps(row))
        return
    if not rows:
        print("No runs yet. Start one with: cxrtui --headless train --data FOLDER --init random")
        return
    table = Table("run", "status", "best", "epoch", "active", box=None, pad_edge=False)
    if any(row["problem"] for row in rows):
        table.add_column("problem", overflow="fold")
    for row in rows:
        best = f"{row['metric']} {row['best']:.4f}" if row["best"] is not None else "–"
        epoch = f"{row['epoch']}/{row['epochs']}" if row["epochs"] else "–"
        active = f"{age(time.time() - row['updated'])} ago" if row["updated"] else "–"
        problem = [row["problem"] or ""] if len(table.columns) > 5 else []
        table.add_row(printable(row["run"]), row["status"], best, epoch, active, *problem)
    PrintableConsole().print(table)


def print_run(run: Run, as_json: bool) -> None:
    """One run: status, films, best epoch and evaluation."""
    state, row = run.read(), run_row(run)
    if as_json:
        row["evaluations"] = {
            part: {
                "metrics": {name: value if math.isfinite(value) else None for name, value in item.metrics.items()},
                "counts": item.counts,
                "threshold": item.threshold if math.isfinite(item.threshold) else None,
            }
            for part, item in state.evaluations.items()
        }
        row["message"] = state.failed.message if state.failed else None
        print(strict_json.dumps(row))
        return
    print(f"run        {printable(run.name)} ({printable(run.folder)})")
    print(f"status     {row['status']}, epoch {row['epoch']} of {row['epochs'] or '?'}, step {row['step']}")
    if state.problem:
        print(f"problem    {state.problem}")
    if state.failed:
        print(f"error      {state.failed.message}")
    if state.data:
        for part, counts in state.data.counts.items():
            films = ", ".join(f"{count} {label}" for label, count in counts.items())
            print(f"{part:<10} {films}; {state.data.patients.get(part, 0)} patients")
        for reason, count in state.data.left_out.items():
            print(f"left out   {count} {reason}")
        for path, reason in state.data.unreadable:
            print(f"unreadable {path}: {reason}")
    for line in state.log:
        if line.level == "warning" and line.text.startswith("Leakage"):
            print(f"warning    {line.text}")
    if early := state.early:
        print(f"best       {early.metric} {early.best:.4f} in epoch {early.best_epoch}")
    print_evaluations(state)


def print_evaluations(state: RunState) -> None:
    """Metrics with their counts, for each evaluated part."""
    for part, item in state.evaluations.items():
        print(f"{part}: {metrics_text(item.metrics)}")
        print(counts_text(item.counts))
    if state.evaluations:
        print(RESEARCH_ONLY)


def counts_text(counts: dict[str, int]) -> str:
    """Sensitivity, specificity and accuracy as the counts that they come from."""
    return (
        f"  sensitivity {counts['tp']}/{counts['positive']} · specificity {counts['tn']}/{counts['negative']}"
        f" · accuracy {counts['tp'] + counts['tn']}/{counts['films']}"
    )


def print_classified(rows: Iterable[Classified], form: str) -> int:
    """Each row as it comes, as ``json`` lines, ``csv`` or text; how many files failed."""
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
    """One row; `probability` is that of the class in `positive`."""
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
    """The verdict on stdout."""
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


def make_phantoms(folder: Path, count: int, seed: int, size: int) -> None:
    """Write synthetic films with a progress bar on stderr.

    Raises:
        UsageError: the folder holds something else, or count or size cannot be.
    """
    from cxrtui.data.phantoms import generate

    with progress_bar("phantoms") as tell:
        try:
            generate(folder, count, seed, size=size, progress=tell)
        except (ValueError, FileExistsError) as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "choose another folder"
            raise UsageError(f"Cannot write to {folder} ({explained(error)}); {remedy}.") from None
    print(f"{count} synthetic films, no patients, in {folder}")


@contextlib.contextmanager
def progress_bar(about: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where that is a terminal; called with how many are done, and of how many."""
    console = PrintableConsole(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(about, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextlib.contextmanager
def download_bar(about: str) -> Iterator[Callable[[int, int], None]]:
    """As `progress_bar`, in bytes; where stderr is no terminal, a line every ten seconds."""
    console = PrintableConsole(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(about, total=None)
        said = time.monotonic()

        def tell(here: int, total: int) -> None:
            nonlocal said
            progress.update(task, completed=here, total=total or None)
            if not console.is_terminal and time.monotonic() - said > 10:
                said = time.monotonic()
                of = f" of {total:,}" if total else ""
                print(f"{about}: {here:,}{of} bytes", file=sys.stderr)

        yield tell


def shelf_row(entry: Entry) -> dict[str, Any]:
    """One place of the shelf as plain values."""
    manifest, known = entry.manifest, entry.known
    return {
        "name": entry.name,
        "status": "damaged" if entry.error else "present" if manifest else "not fetched",
        "kind": "classifier" if manifest and manifest.labels else "network",
        "bytes": entry.bytes or (known.bytes if known else 0) or None,
        "licence": (manifest.licence if manifest else known.licence if known else "") or None,
        "flavour": manifest.flavour if manifest else known.flavour if known else None,
        "source": (manifest.source if manifest else known.address if known else "") or None,
        "revision": (manifest.revision if manifest else known.revision if known else "") or None,
        "sha256": (manifest.sha256 if manifest else "") or None,
        "labels": list(manifest.labels) if manifest else [],
        "taken": (manifest.taken if manifest else "") or None,
        "left": list(manifest.left) if manifest else [],
        "folder": str(entry.folder) if manifest or entry.error else None,
        "error": entry.error or None,
    }


def print_shelf(entries: Iterable[Entry], as_json: bool) -> None:
    """The shelf and the known weights that are not on it, on stdout."""
    what_column = Column("what", overflow="fold")
    table = Table("name", "status", "size", "licence", what_column, box=None, pad_edge=False)
    for entry in entries:
        row = shelf_row(entry)
        if as_json:
            print(strict_json.dumps(row))
            continue
        what = f"{' / '.join(row['labels'])} from {row['source']}" if row["labels"] else row["source"]
        size = f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "–"
        table.add_row(row["name"], row["status"], size, row["licence"] or "–", Text(row["error"] or what or "–"))
    if not as_json:
        PrintableConsole().print(table)


def print_doctor() -> None:
    """What is here, a line each."""
    import psutil

    from cxrtui.net import backend
    from cxrtui.runner import versions
    from cxrtui.workspace import cache_root

    for name, version in versions().items():
        print(f"{name:<22} {version}")
    device = backend.describe_device()
    memory = f", {device['memory_bytes'] / 2**30:.0f} GiB" if device["memory_bytes"] else ""
    print(f"{'device':<22} {device['count']} × {device['kind']} ({device['platform']}){memory}")
    if device["platform"] == "cpu":
        print(f"{'':<22} for an NVIDIA GPU: pip install 'cxrtui[cuda]'")
    print(f"{'cores':<22} {psutil.cpu_count()}")
    print(f"{'memory':<22} {psutil.virtual_memory().available / 2**30:.1f} GiB free")
    print(f"{'compiled programs in':<22} {backend.prepare() or 'nowhere: the cache folder cannot be written'}")
    print(f"{'prepared films in':<22} {cache_root() / 'prepared'}")
    console = PrintableConsole()
    size = f"{console.width}×{console.height}" if console.is_terminal else "none"
    print(f"{'terminal':<22} {size}, colours: {console.color_system or 'none'}")
