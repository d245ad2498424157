"""The report on films as text, section by section: printed by ``data inspect``, and shown by the dashboard."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cxrtui.data.films import printable
from cxrtui.data.inspect.report import Report, Section

_ROWS = 12
_FILES = 10
_BAR = 24


def headline(report: Report) -> Text:
    """What was read, as what, and how much of it."""
    patients = f", {_count(report.patients, 'patient')}" if report.patients is not None else ""
    films = _count(report.films, "film")
    return Text.assemble((printable(report.source), "bold"), f"\n{films}{patients}, read as {report.layout}\n")


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'s' * (number != 1)}"


def shown_sections(report: Report) -> list[Section]:
    """The sections that have something to say."""
    return [item for item in report.sections if item.counts or (item.notes and item.key != "unreadable")]


def height(section: Section) -> int:
    """The lines that a section takes, about: none of them wrapped."""
    return min(len(section.counts), _ROWS + 1) + len(section.notes) + min(len(section.files), _FILES + 1) + 1


def part(section: Section, report: Report, width: int, *, fold: bool = True) -> RenderableType:
    """One section in `width` columns: counts with their shares, remarks, files (`fold`: on several lines if long)."""
    table = Table(box=None, show_header=False, pad_edge=False, expand=False)
    table.add_column(width=11, style="bold")
    words = max(20, min(44, width - 56))
    table.add_column(overflow="fold", width=words)
    table.add_column(justify="right", width=9, no_wrap=True)
    table.add_column(justify="right", style="dim", width=6)
    table.add_column(style="cyan", no_wrap=True)
    total = max(1, report.films if section.unit == "films" else sum(section.counts.values()))
    rows = list(section.counts.items())
    hidden = rows[_ROWS:] if len(rows) > _ROWS + 1 else []
    if hidden:
        rows = [*rows[:_ROWS], (f"and {len(hidden)} more", sum(count for _, count in hidden))]
    title = section.title
    longest = max(0, min(_BAR, width - words - 34))  # 11 + 9 + 6, and two spaces between columns
    parts: list[RenderableType] = [table] if rows else []
    for word, count in rows:
        share = count / total
        bar = "█" * round(share * longest) if section.unit else ""
        table.add_row(title, Text(word), f"{count:,}", f"{share:.1%}" if section.unit else "", bar[:longest])
        title = ""
    for note in section.notes:
        grid = Table.grid()
        grid.add_column(width=13, style="bold")
        grid.add_column(style="dim", overflow="fold")
        grid.add_row(title, Text(note))
        parts.append(grid)
        title = ""
    files = [f"{path}: {reason}" for path, reason in section.files[:_FILES]]
    if len(section.files) > _FILES:
        files.append(f"and {len(section.files) - _FILES} more; --json lists all")
    parts += [Text(f"{'':<13}{line}", no_wrap=not fold, overflow="fold" if fold else "ignore") for line in files]
    return Group(*parts, Text(""))
