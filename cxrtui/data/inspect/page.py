"""This module renders the report on films as text, by section; ``data inspect`` and the dashboard show it."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.console import Group, OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from cxrtui.data.films import printable
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Bar, Conclusion, Section
from cxrtui.statistics.estimate import CONFIDENCE, Estimate

Block = Callable[[str], RenderableType]  # from the title that stands before it

_ROWS = 12
_FILES = 10
_BAR = 24
_BARS = 45  # cells of a row of bars without bar and gaps: 11 of the title, 16 of the name, 18 of the numbers


def headline(report: Report) -> Text:
    """Return the headline: the source, its layout, and the numbers of films and patients."""
    patients = f", {_count(report.patients, 'patient')}" if report.patients is not None else ""
    films = _count(report.films, "film")
    return Text.assemble((printable(report.source), "bold"), f"\n{films}{patients}, read as {report.layout}\n")


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'s' * (number != 1)}"


def shown_sections(report: Report) -> list[Section]:
    """Return the sections that have something to show."""

    def shows(section: Section) -> bool:
        remarks = section.notes and section.key != "unreadable"  # where no film is unreadable, its note is useless
        drawn = section.estimates or section.bars
        return bool(section.counts or remarks or drawn or section.pairs or section.conclusion)

    return [section for section in report.sections if shows(section)]


def height(section: Section) -> int:
    """Return about how many lines a section takes, if none of them is wrapped."""
    listed = sum(min(len(items), _FILES + 1) for items in (section.files, section.pairs))
    rows = min(len(section.counts), _ROWS + 1) + len(section.estimates) + len(section.bars)
    return (section.conclusion is not None) + rows + len(section.notes) + listed + 1


def section_view(section: Section, report: Report, width: int, *, fold: bool = True) -> RenderableType:
    """Render one section in `width` columns: conclusion, counts with shares, estimates, bars, notes, files, pairs.

    The section's title stands before the first of these. `fold` lets a long path take several lines.
    """
    blocks = [
        *([_line(_conclusion(section.conclusion))] if section.conclusion is not None else []),
        *([_counts(section, report, width)] if section.counts else []),
        *(_line(Text(_estimate(name, item))) for name, item in section.estimates.items()),
        *([_bars(section.bars, width)] if section.bars else []),
        *(_line(Text(note, "dim")) for note in section.notes),
    ]
    parts = [block("" if place else section.title) for place, block in enumerate(blocks)]
    if not blocks:
        parts = [Text(section.title, "bold")]
    files = _some([f"{path}: {reason}" for path, reason in section.files])
    pairs = _some([f"{pair.first} and {pair.second}: {pair.relation}" for pair in section.pairs])
    overflow: OverflowMethod = "fold" if fold else "ignore"
    parts += [Text(f"{'':<13}{line}", no_wrap=not fold, overflow=overflow) for line in (*files, *pairs)]
    return Group(*parts, Text(""))


def _counts(section: Section, report: Report, width: int) -> Block:
    """Render the counts as a table of word, number, share and bar."""
    words = max(20, min(44, width - 56))
    longest = max(0, min(_BAR, width - words - 34))  # 11 + 9 + 6, and two spaces between columns
    total = max(1, report.films if section.unit == "films" else sum(section.counts.values()))
    rows = list(section.counts.items())
    hidden = rows[_ROWS:] if len(rows) > _ROWS + 1 else []
    if hidden:
        rows = [*rows[:_ROWS], (f"and {len(hidden)} more", sum(count for _, count in hidden))]

    def table(title: str) -> RenderableType:
        result = Table(box=None, show_header=False, pad_edge=False, expand=False)
        result.add_column(width=11, style="bold")
        result.add_column(overflow="fold", width=words)
        result.add_column(justify="right", width=9, no_wrap=True)
        result.add_column(justify="right", style="dim", width=6)
        result.add_column(style="cyan", no_wrap=True)
        for word, count in rows:
            share = count / total
            bar = "█" * round(share * longest) if section.unit else ""
            result.add_row(title, Text(word), f"{count:,}", f"{share:.1%}" if section.unit else "", bar[:longest])
            title = ""
        return result

    return table


def _bars(bars: list[Bar], width: int) -> Block:
    """Render statistics from 0.5 to 1 as bars below a scale: solid up to the interval, shaded in it."""
    gap = 2 if width >= _BARS + 6 + 3 * 2 else 1  # cells between columns
    cells = max(6, min(_BAR, width - _BARS - 3 * gap))

    def place(value: float) -> int:
        return round(cells * min(1.0, max(0.0, 2 * value - 1))) if math.isfinite(value) else 0

    def table(title: str) -> RenderableType:
        result = Table(box=None, show_header=False, pad_edge=False, expand=False, padding=(0, gap, 0, 0))
        result.add_column(width=11, style="bold", no_wrap=True)
        result.add_column(width=16, no_wrap=True)
        result.add_column(width=cells, no_wrap=True)
        result.add_column(no_wrap=True)
        result.add_row(title, Text("AUROC", "dim"), Text(f"0.5{'1':>{cells - 3}}", "dim"),
                       Text(f"({CONFIDENCE:.0%} interval)", "dim"))  # fmt: skip
        for bar in bars:
            at = bar.estimate
            known = math.isfinite(at.low) and math.isfinite(at.high)
            solid, shaded = (place(at.low), place(at.high)) if known else (place(at.value), 0)
            drawn = "█" * solid + "▒" * (shaded - solid)
            interval = f" ({at.low:.2f}-{at.high:.2f})" if known else ""
            style = "bold red" if bar.raised else ""
            text = Text(f"{at.value:.2f}{interval}{' ✗' * bar.raised}", style)
            result.add_row("", Text(bar.name, style), Text(drawn, "cyan"), text)
        return result

    return table


def _line(text: Text) -> Block:
    """Return a block of one text, which wraps beside the title's column."""

    def grid(title: str) -> RenderableType:
        result = Table.grid()
        result.add_column(width=13, style="bold")
        result.add_column(overflow="fold")
        result.add_row(title, text)
        return result

    return grid


def _conclusion(conclusion: Conclusion) -> Text:
    mark, style = ("✔", "green") if conclusion.ok else ("✗", "bold red")
    return Text(f"{mark} {conclusion.text}", style)


def _estimate(name: str, estimate: Estimate) -> str:
    """Return an estimate as text, with its interval where it has one."""
    interval = ""
    if math.isfinite(estimate.low) and math.isfinite(estimate.high):
        interval = f" ({CONFIDENCE:.0%} interval {estimate.low:.3f} to {estimate.high:.3f})"
    value = f"{estimate.value:.3f}" if math.isfinite(estimate.value) else "not defined"
    of = f"{_count(estimate.n, 'film')} of {_count(estimate.patients, 'patient')}"
    return f"{name} {value}{interval}, {of}"


def _some(lines: list[str]) -> list[str]:
    """Return the first lines, and a line that says how many more there are."""
    more = len(lines) - _FILES
    return [*lines[:_FILES], *([f"and {more} more; --json lists all"] if more > 0 else [])]
