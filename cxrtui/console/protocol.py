"""The output of ``cxrtui evaluate --protocol``: its progress, and its table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.progress import Printer, printer
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.console.steered import StderrConsole, steered
from cxrtui.console.training import SeriesPrinter
from cxrtui.errors import EXIT_DONE, EXIT_STOPPED
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder
from cxrtui.evaluation.protocols.result import read_result
from cxrtui.evaluation.protocols.work import finished, work
from cxrtui.printable import printable, printable_lines
from cxrtui.runner import drive
from cxrtui.runs.folder import is_run
from cxrtui.runs.size import counted
from cxrtui.runs.status import shown, status_word
from cxrtui.settings.protocol import BY_SOURCE, Plan

_PIPED = 400  # columns if no terminal limits them
_COLUMNS = {"auroc": "AUROC", "accuracy": "accuracy", "balanced_accuracy": "balanced", "sensitivity": "sensitivity",
            "specificity": "specificity"}  # fmt: skip


class _ProtocolPrinter(SeriesPrinter):
    """Prints a line for each training that begins or ends, and the run under way as a bar."""

    def __init__(self, printing: Printer) -> None:
        super().__init__(printing)
        self._begun = False

    def on_begin(self, fold: Fold, number: int, total: int, again: bool) -> None:
        """See `Listener`."""
        self._phase = f"training {number} of {total}"
        self._printing.say(f"{self._phase}{' goes on' if again else ''}: {fold.held_out} held out, seed {fold.seed}")

    def on_end(self, fold: Fold, number: int, total: int, metrics: dict[str, float]) -> None:
        """See `Listener`."""
        text = " · ".join(f"{name} {metrics[name]:.4f}" for name in ("auroc", "accuracy") if name in metrics)
        self._printing.say(f"training {number} of {total} is done: {fold.held_out} · test {text}", "good")


def evaluate(folder: ProtocolFolder, as_json: bool, command: str) -> int:
    """Work on the protocol in this process, print its table, and return the exit code.

    Args:
        folder: of the protocol.
        as_json: print the table as one JSON object.
        command: the words that go on with it, for the message after a stop.

    Raises:
        CxrtuiError: the films cannot be used, a training failed, or another process works on it.
    """
    console = StderrConsole()
    shown = _ProtocolPrinter(printer(console, redirect=False))
    results: list[dict[str, Any]] = []

    def run(should_stop: Callable[[], bool]) -> int:
        result = work(folder, drive, should_stop, shown)
        if result is None:
            return EXIT_STOPPED
        results.append(result)
        return EXIT_DONE

    try:
        code = steered(console, run, "stopping with a checkpoint … (Ctrl-C again ends at once)")
    finally:
        shown.close()
    if not results:
        console.print(f"Protocol {folder.name} is stopped. Go on with the same command: {command}", markup=False,
                      highlight=False, soft_wrap=True)  # fmt: skip
        return code
    print_result(results[0], as_json)
    where = f"Table: {folder.result_file}    Predictions: {folder.predictions_file}"
    console.print(where, markup=False, highlight=False, soft_wrap=True)
    return code


def print_protocol(folder: ProtocolFolder, as_json: bool) -> None:
    """Print the table of a protocol, or how far it is.

    Raises:
        ConfigError: protocol.toml is not valid.
    """
    result = read_result(folder)
    if result is not None:
        print_result(result, as_json)
        return
    row = status_row(folder)
    if as_json:
        print(strict_json.dumps(row))
        return
    plan, folds = folder.read(), folder.read_folds()
    print(f"protocol   {printable(folder.name)} ({printable(folder.folder)})")
    print(f"what       {_title(plan)}, on {printable(', '.join(plan.base.data.source))}")
    print(f"status     {row['status']}, {row['done']} of {row['trainings'] or '?'} trainings are done")
    for fold in folds.folds if folds is not None else ():
        run = folder.run(fold)
        word = shown(status_word(run.read(), run.seems_alive())) if is_run(run.folder) else "to do"
        print(f"  {fold.name:<8} {word:<11} {printable(fold.held_out)}, seed {fold.seed}")
    print("The command that began it goes on with it.")


def status_row(folder: ProtocolFolder) -> dict[str, Any]:
    """Return a protocol as plain values, for the list and for ``--json``."""
    folds: Folds | None = folder.read_folds()
    result = read_result(folder)
    done = len(result["trainings"]) if result is not None else 0
    if result is None and folds is not None:
        done = sum(finished(folder.run(fold)) for fold in folds.folds)
    status = "at work" if folder.alive() else "finished" if result is not None else "stopped"
    return {
        "name": folder.name, "protocol": folder.read().protocol, "status": status, "done": done,
        "trainings": len(folds.folds) if folds is not None else None,
        "auroc": result["pooled"]["auroc"]["value"] if result is not None else None,
    }  # fmt: skip


def list_protocols(folders: Sequence[ProtocolFolder]) -> None:
    """Print a line for each protocol, below the list of runs."""
    if not folders:
        return
    print("\nprotocols (cxrtui runs show NAME)")
    for folder in folders:
        try:
            row = status_row(folder)
        except Exception as error:
            print(f"{printable(folder.name)}  {printable(error)}")
            continue
        auroc = "" if row["auroc"] is None else f" · AUROC {row['auroc']:.4f}"
        print(f"{printable(row['name'])}  {row['protocol']} · {row['status']}, {row['done']} of "
              f"{row['trainings'] or '?'} trainings{auroc}")  # fmt: skip


def _title(plan: Plan) -> str:
    folds = f" of {plan.folds} folds" if plan.folds else ""
    return f"{plan.protocol}{folds}{f', {plan.seeds} seeds' if plan.seeds > 1 else ''}"


def print_result(result: Mapping[str, Any], as_json: bool) -> None:
    """Print the table of a finished protocol: what speaks against it first, its trainings, and all of them together."""
    if as_json:
        print(strict_json.dumps(result))
        return
    for caution in result["cautions"]:
        print(f"caution    {printable_lines(caution)}")
    classes, tested = result["classes"], result["tested"]
    print(f"protocol   {result['protocol']}: {result['about']}")
    films = f"{tested['positive']} {classes[1]}, {tested['negative']} {classes[0]}"
    print(f"tested     {printable(films)}, of {counted(tested['patients'], 'patient')}")
    print()
    console = PrintableConsole()
    if not console.is_terminal:
        console = PrintableConsole(width=_PIPED)
    console.print(_table(result))
    print()
    for name, spread in result["spread"].items():
        if len(spread["values"]) > 1:
            print(f"  over trainings  {_COLUMNS[name]:<12} {_number(spread['mean'])} ± {_number(spread['deviation'])}")
    print(RESEARCH_ONLY)


def _table(result: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False)
    seeds = result["seeds"] > 1
    for name in ("held out", *(["seed"] if seeds else []), "films", "patients", *_COLUMNS.values(), "without pixels"):
        table.add_column(name, overflow="fold")
    for row in result["trainings"]:
        table.add_row(
            printable(row["held_out"]), *([str(row["seed"])] if seeds else []), f"{row['positive']}+{row['negative']}",
            str(row["patients"]), *(_interval(row["metrics"][name]) for name in _COLUMNS),
            _interval(row.get("baseline")),
        )  # fmt: skip
    pooled, without = result["pooled"], result["baseline"].get("all", {})
    tested = result["tested"]
    films = (f"{tested['positive']}+{tested['negative']}", str(tested["patients"]))
    within = "within sources" if result["protocol"] == BY_SOURCE else "within folds"
    table.add_row(within, *([""] if seeds else []), *films, *(_interval(pooled[name]) for name in _COLUMNS),
                  _interval(without.get("auroc")), style="bold")  # fmt: skip
    if "auroc_pooled" in pooled:
        table.add_row("pooled", *([""] if seeds else []), *films, _interval(pooled["auroc_pooled"]),
                      *[""] * (len(_COLUMNS) - 1), _interval(without.get("auroc_pooled")))  # fmt: skip
    table.add_row("without pixels", *([""] if seeds else []), *films,
                  *(_interval(without.get(name)) for name in _COLUMNS), "")  # fmt: skip
    return table


def _interval(found: Mapping[str, Any] | None) -> str:
    """Return an estimate as text, such as ``0.91 (0.85-0.96)``."""
    if found is None:
        return "–"
    value, low, high = (found[name] for name in ("value", "low", "high"))
    if value is None or not math.isfinite(value):
        return "–"
    if low is None or high is None or not math.isfinite(low) or not math.isfinite(high):
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.2f}-{high:.2f})"


def _number(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.4f}"
