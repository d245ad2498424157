"""The output of ``cxrtui runs compare``: the runs, what differs, and results with intervals."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.durations import duration
from cxrtui.evaluation.comparison import compare, texts
from cxrtui.evaluation.comparison.compare import Comparer, Comparison
from cxrtui.evaluation.comparison.results import METRICS
from cxrtui.printable import printable
from cxrtui.runs.compare import check_number
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.status import shown

_PIPED = 400  # columns if no terminal limits them


def print_comparison(runs: Sequence[Run], as_json: bool) -> None:
    """Print how `runs` differ, each compared with the first.

    Raises:
        UsageError: they are too few or too many.
    """
    check_number(len(runs))
    found = Comparer().compare([Snapshot(run, run.read(), run.alive(), read=True) for run in runs])
    if as_json:
        print(strict_json.dumps(found.as_dict()))
        return
    console = PrintableConsole()
    if not console.is_terminal:
        console = PrintableConsole(width=_PIPED)
    for remark in found.remarks:
        print(f"! {remark}")
    if found.remarks:
        print()
    console.print(_runs(found))
    print()
    rows = [*found.settings, *found.facts]
    if rows:
        console.print(_differences(found))
    else:
        print("No setting differs, and neither do films, splits, device and versions.")
    for split in found.results:
        print()
        console.print(_results(found, split))
        for note in texts.footnotes(found, split):
            print(f"  {note}")
    print(RESEARCH_ONLY)
    sys.stdout.flush()


def _names(found: Comparison) -> list[str]:
    return [printable(item.run.name) for item in found.runs]


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _runs(found: Comparison) -> Table:
    table = _table("run", "status", "epoch", "best epoch", "best on validation", "training time")
    for name, item in zip(_names(found), found.runs, strict=True):
        state, early = item.state, item.state.early
        epoch = f"{state.epoch}/{state.steps[-1].epochs}" if len(state.steps) else "–"
        best = ("–", "–") if early is None else (str(early.best_epoch), f"{early.metric} {early.best:.4f}")
        took = compare.seconds(state)
        table.add_row(name, shown(item.word), epoch, *best, duration(took) if math.isfinite(took) else "–")
    return table


def _differences(found: Comparison) -> Table:
    table = _table("what differs", *_names(found))
    for row in [*found.settings, *found.facts]:
        cells = [
            Text(f"• {text}", style="bold") if row.changed(place, found.reference) else Text(f"  {text}")
            for place, text in enumerate(row.texts)
        ]
        table.add_row(row.name, *cells)
    return table


def _results(found: Comparison, split: str) -> Table:
    table = _table(f"{split} films", *(texts.TITLES[metric] for metric in METRICS))
    for name, result in zip(_names(found), found.results[split], strict=True):
        if result is None:
            table.add_row(name, "no result")
            continue
        where = f" (epoch {result.best_epoch})" if result.best_epoch else ""
        table.add_row(name + where, *(" ".join(texts.value_texts(metric, result.values[metric])) for metric in METRICS))
    base = _names(found)[found.reference]
    for name, paired in zip(_names(found), found.paired.get(split, ()), strict=False):
        if paired is not None and paired.values:
            cells = [" ".join(texts.difference_texts(metric, paired.values[metric])) for metric in METRICS]
            table.add_row(f"{name} minus {base}", *cells)
        elif paired is not None:
            table.add_row(f"{name} minus {base}", f"– {paired.why}")
    return table
