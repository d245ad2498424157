"""The output of ``cxrtui runs``: the list of runs, and one run."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from rich.table import Table

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.durations import age
from cxrtui.printable import printable, printable_lines
from cxrtui.runs.describe import metrics_text
from cxrtui.runs.events import PATIENTS_UNKNOWN
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.state import RunState


def run_row(run: Run, state: RunState) -> dict[str, Any]:
    """Return one run as plain values, for the list and for ``--json``."""
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


def print_runs(runs: Iterable[Run], as_json: bool) -> None:
    """Print the list of runs to stdout."""
    rows = [run_row(run, summary(run)) for run in runs]
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
    """Print the status, films, best epoch and evaluation of one run."""
    state = run.read()
    row = run_row(run, state)
    if as_json:
        row["evaluations"] = {
            split: {
                "metrics": {name: value if math.isfinite(value) else None for name, value in item.metrics.items()},
                "counts": item.counts,
                "threshold": item.threshold if math.isfinite(item.threshold) else None,
            }
            for split, item in state.evaluations.items()
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
        for split, counts in state.data.counts.items():
            films = ", ".join(f"{count} {label}" for label, count in counts.items())
            print(f"{split:<10} {films}; {state.data.patients.get(split, 0)} patients")
        for reason, count in state.data.left_out.items():
            print(f"left out   {count} {reason}")
        for path, reason in state.data.unreadable:
            print(f"unreadable {path}: {reason}")
    for warned in state.warned(PATIENTS_UNKNOWN):
        print(f"warning    {printable_lines(warned.message)}")
    if early := state.early:
        print(f"best       {early.metric} {early.best:.4f} in epoch {early.best_epoch}")
    print_evaluations(state)


def print_evaluations(state: RunState) -> None:
    """Print the metrics with their counts for each evaluated split."""
    for split, item in state.evaluations.items():
        print(f"{split}: {metrics_text(item.metrics)}")
        print(counts_text(item.counts))
    if state.evaluations:
        print(RESEARCH_ONLY)


def counts_text(counts: dict[str, int]) -> str:
    """Return sensitivity, specificity and accuracy as the counts that they come from."""
    return (
        f"  sensitivity {counts['tp']}/{counts['positive']} · specificity {counts['tn']}/{counts['negative']}"
        f" · accuracy {counts['tp'] + counts['tn']}/{counts['films']}"
    )
