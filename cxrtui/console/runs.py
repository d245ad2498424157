"""The output of ``cxrtui runs``: the list of runs, and one run."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.table import Table

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.evaluation import evaluation_lines, heading
from cxrtui.console.plots import plot_lines
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.console.terminal import raw
from cxrtui.durations import age
from cxrtui.errors import UsageError
from cxrtui.files import is_name, read_text
from cxrtui.printable import printable, printable_lines
from cxrtui.runs.arrange import Order, arranged
from cxrtui.runs.bin import Binned
from cxrtui.runs.describe import metrics_text, speed_text, start_text
from cxrtui.runs.events import PATIENTS_UNKNOWN, SPLIT_LEAKS
from cxrtui.runs.filter import Filter
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.glance import Overview
from cxrtui.runs.notes import read
from cxrtui.runs.size import counted, size_text
from cxrtui.runs.state import RunState
from cxrtui.runs.status import shown

_PIPE_WIDTH = 10_000  # characters
_NOTE_FROM = 100  # cells of a terminal from which the notes are listed
_NAME_LEAST = 20  # cells of a name in a line of a narrow terminal; the rest of it is in the lines below


def run_row(snapshot: Snapshot) -> dict[str, Any]:
    """Return one run as plain values, for the list and for ``--json``."""
    state, found = snapshot.state, snapshot.notes
    early = state.early
    return {
        "run": snapshot.run.name,
        "status": snapshot.word,
        "metric": early.metric if early else None,
        "best": early.best if early and math.isfinite(early.best) else None,
        "leaks": " ".join(warned.message for warned in state.warned(SPLIT_LEAKS)) or None,
        "epoch": state.epoch,
        "epochs": state.steps[-1].epochs if len(state.steps) else None,
        "step": state.step,
        "updated": state.updated or None,
        "note": found.note or None,
        "tags": list(found.tags),
        "problem": state.problem or found.problem or None,
    }


def print_runs(checkpoints: Path, as_json: bool, wanted: Filter, order: Order) -> None:
    """Print the runs that match, in order, to stdout."""
    now = time.time()
    overview = Overview(checkpoints)
    known = overview.look()
    if overview.problem:
        raise UsageError(overview.problem)
    rows = [run_row(run) for run in arranged(known, wanted, order, now)]
    if as_json:
        for row in rows:
            print(strict_json.dumps(row))
        return
    if known and not rows:
        print(f"None of {len(known)} runs matches {wanted.text!r}.", file=sys.stderr, flush=True)
        return
    if not rows:
        print("No runs yet. Start one with: cxrtui --headless train --data FOLDER --init random")
        return
    table = Table(box=None, pad_edge=False)
    longest = max(cell_len(printable(row["run"])) for row in rows)
    table.add_column("run", overflow="fold", min_width=min(longest, _NAME_LEAST))
    for name in ("status", "best", "epoch", "active"):
        table.add_column(name, no_wrap=True)
    console = PrintableConsole(width=None if raw(sys.stdout).isatty() else _PIPE_WIDTH)
    fitting = ("tags", "note", "problem") if console.width >= _NOTE_FROM else ("tags", "problem")
    more = [name for name in fitting if any(row[name] for row in rows)]
    for name in more:
        table.add_column(name, overflow="fold")
    for row in rows:
        best = f"{row['metric']} {row['best']:.4f}" if row["best"] is not None else "–"
        best += " (films leak)" if row["leaks"] else ""
        epoch = f"{row['epoch']}/{row['epochs']}" if row["epochs"] else "–"
        active = f"{age(now - row['updated'])} ago" if row["updated"] else "–"
        texts = {name: " ".join(row[name]) if name == "tags" else row[name] or "" for name in more}
        table.add_row(printable(row["run"]), shown(row["status"]), best, epoch, active, *texts.values())
    console.print(table)


def print_run(run: Run, as_json: bool, *, plots: bool = False) -> None:
    """Print the status, films, best epoch and evaluation of one run, with the curves if `plots`."""
    state = run.read()
    row = run_row(Snapshot(run, state, run.seems_alive(), read=True, notes=read(run.folder)))
    if as_json:
        row["evaluations"] = {
            split: {
                "metrics": {name: value if math.isfinite(value) else None for name, value in item.metrics.items()},
                "counts": item.counts,
                "threshold": item.threshold if math.isfinite(item.threshold) else None,
                "estimates": item.estimates,
                "by_patient": item.by_patient,
                "prevalence": item.prevalence or None,
                "operating_point": item.operating_point or None,
                "calibration": item.calibration or None,
            }
            for split, item in state.evaluations.items()
        }
        row["message"] = state.failed.message if state.failed else None
        row["devices"], row["images_per_second"] = state.devices, round(state.images_per_second, 1)
        print(strict_json.dumps(row))
        return
    for warned in state.warned(SPLIT_LEAKS):
        print(f"caution    {printable_lines(warned.message)}")
    print(f"run        {printable(run.name)} ({printable(run.folder)})")
    print(f"status     {shown(row['status'])}, epoch {row['epoch']} of {row['epochs'] or '?'}, step {row['step']}")
    if row["tags"]:
        print(f"tags       {' '.join(row['tags'])}")
    if row["note"]:
        print(f"note       {row['note']}")
    if row["problem"]:
        print(f"problem    {row['problem']}")
    if state.failed:
        print(f"error      {state.failed.message}")
    if state.data:
        for split, counts in state.data.counts.items():
            films = ", ".join(f"{count} {label}" for label, count in counts.items())
            print(f"{split:<10} {films}; {state.data.patients.get(split, 0)} patients")
        for reason, count in state.data.left_out.items():
            print(f"left out   {count} {reason}")
        for path, reason in state.data.unreadable:
            print(f"unreadable {path}: {reason}")
    for warned in state.warned(PATIENTS_UNKNOWN):
        print(f"warning    {printable_lines(warned.message)}")
    if state.first_step is not None:
        print(f"start      {start_text(state.first_step)}")
    if state.devices > 1 and state.compiled is not None:
        speed = f": {speed_text(state.images_per_second, state.devices)}" if len(state.steps) else ""
        print(f"devices    {state.devices} × {printable(state.compiled.kind)} share each batch{speed}")
    if early := state.early:
        print(f"best       {early.metric} {early.best:.4f} in epoch {early.best_epoch}")
    print_evaluations(state, run, plots=plots)


def print_bin(kept: Sequence[Binned], as_json: bool) -> None:
    """Print the deleted runs, the latest first, with their sizes."""
    sizes = [item.size for item in kept]
    if as_json:
        for item, size in zip(kept, sizes, strict=True):
            row = {"run": item.name, "folder": item.folder.name, "deleted": item.deleted, "bytes": size}
            print(strict_json.dumps(row))
        return
    if not kept:
        print("The bin is empty.")
        return
    table = Table("run", "deleted", "size", "folder", box=None, pad_edge=False)
    for item, size in zip(kept, sizes, strict=True):
        table.add_row(printable(item.name), f"{age(time.time() - item.deleted)} ago", size_text(size),
                      printable(item.folder.name))  # fmt: skip
    PrintableConsole().print(table)
    print(f"{counted(len(kept), 'run')}, {size_text(sum(sizes))}")


def print_evaluations(state: RunState, run: Run | None = None, *, plots: bool = False) -> None:
    """Print the metrics of each evaluated split: all of them from the files of `run`, or those of the log."""
    for split, item in state.evaluations.items():
        lines = _saved_lines(run, split, item.step, plots) if run is not None else None
        if lines is not None:
            print("\n".join(["", split, *lines]))
        else:
            print(f"{split}: {metrics_text(item.metrics)}")
            print(counts_text(item.counts))
            if plots:
                print(f"  no curves: evaluation/{printable(split)}.json is missing, or of another step or version")
    if state.evaluations:
        print(RESEARCH_ONLY)


def _saved_lines(run: Run, split: str, step: int, plots: bool) -> list[str] | None:
    """Return ``evaluation/<split>.json`` of `run` as text; None if it has no intervals, or is not of `step`."""
    if not is_name(split):
        return None
    try:
        body = json.loads(read_text(run.evaluation / f"{split}.json"))
        if body["step"] != step or "estimates" not in body:  # another evaluation, or that of an older version
            return None
        lines = [*heading(body, body["labels"]), *evaluation_lines(body)]
        return [*lines, "", *plot_lines(body["curves"], body["labels"])] if plots else lines
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None


def counts_text(counts: dict[str, int]) -> str:
    """Return sensitivity, specificity and accuracy as the counts that they come from."""
    return (
        f"  sensitivity {counts['tp']}/{counts['positive']} · specificity {counts['tn']}/{counts['negative']}"
        f" · accuracy {counts['tp'] + counts['tn']}/{counts['films']}"
    )
