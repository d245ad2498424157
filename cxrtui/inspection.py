"""The page of ``cxrtui data inspect``: what is at a path, section by section."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cxrtui import RESEARCH_ONLY, console
from cxrtui.config import DataConfig
from cxrtui.data.films import printable
from cxrtui.data.inspect import Report, Section, inspect

_ROWS = 12
_BAR = 24


def print_inspection(paths: Sequence[str], data: DataConfig, as_json: bool) -> None:
    """The report on the films at `paths`, together, on stdout.

    Raises:
        DataError: there are no films that can be read.
    """
    with console.progress_bar("reading headers") as tell:
        report = inspect(paths, data, tell)
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=False))
        return
    out = Console(highlight=False)
    patients = f", {report.patients:,} patients" if report.patients is not None else ""
    out.print(Text.assemble((printable(report.source), "bold"), f"\n{report.films:,} films{patients}, read as "
                            f"{report.layout}\n"))  # fmt: skip
    for section in report.sections:
        if section.counts or (section.notes and section.key != "unreadable"):
            _print_section(out, section, report)
    out.print(Text(RESEARCH_ONLY, "dim"))


def _print_section(out: Console, section: Section, report: Report) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, expand=False)
    table.add_column(width=11, style="bold")
    table.add_column(overflow="fold", width=max(20, min(44, out.width - 52)))
    table.add_column(justify="right", width=7)
    table.add_column(justify="right", style="dim", width=6)
    table.add_column(style="cyan")
    total = max(1, report.films if section.unit == "films" else sum(section.counts.values()))
    rows = list(section.counts.items())
    hidden = rows[_ROWS:] if len(rows) > _ROWS + 1 else []
    if hidden:
        rows = [*rows[:_ROWS], (f"and {len(hidden)} more", sum(count for _, count in hidden))]
    title = section.title
    for word, count in rows:
        share = count / total
        bar = "█" * round(share * _BAR) if section.unit else ""
        table.add_row(title, Text(word), f"{count:,}", f"{share:.1%}" if section.unit else "", bar[:_BAR])
        title = ""
    if rows:
        out.print(table)
    for note in section.notes:
        grid = Table.grid()
        grid.add_column(width=13, style="bold")
        grid.add_column(style="dim", overflow="fold")
        grid.add_row(title, Text(note))
        out.print(grid)
        title = ""
    for path, reason in section.files[:10]:
        out.print(Text(f"{'':<13}{path}: {reason}"), soft_wrap=True)
    if len(section.files) > 10:
        out.print(Text(f"{'':<13}and {len(section.files) - 10} more; --json lists all"))
    out.print()
