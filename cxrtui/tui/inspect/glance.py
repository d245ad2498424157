"""What the Data screen says of a folder before it is inspected, and the report in the words of the dashboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.printable import printable
from cxrtui.tui.surveys import Survey
from cxrtui.tui.wording import in_fields

if TYPE_CHECKING:
    from cxrtui.data.inspect.report import Report

_TABLES = frozenset({".csv", ".tsv", ".xlsx"})
_CLASSES = 8  # that are listed


def may_hold_films(path: Path) -> bool:
    """Return whether `path` is a folder or a table, so that films may be counted there."""
    return path.suffix.lower() in _TABLES or path.is_dir()


def summary_of(survey: Survey, key: str, *, lines: bool) -> str:
    """Return layout, films, patients and classes of a survey, on one line or on several; `key` makes the report."""
    name = printable(Path(survey.path).name or survey.path)
    if survey.error:
        return f"{name}{chr(10) if lines else ': '}✗ {printable(in_fields(survey.error))}"
    classes = [f"{label} {count:,}" for label, count in survey.found.items()]
    if (more := len(classes) - _CLASSES) > 0:
        classes = [*classes[:_CLASSES], f"and {more} more"]
    facts = " · ".join(filter(None, (f"{survey.films:,} film{'s' * (survey.films != 1)}", survey.about)))
    if not lines:
        return f"{name}: {facts} · {', '.join(classes)}"
    return "\n".join([name, facts, "", *(f"  {item}" for item in classes), "", f"{key} reports on all of it"])


def worded(report: Report) -> Report:
    """Return the report with the fields of the form where its notes name options of the command line."""
    sections = tuple(
        replace(section, notes=[in_fields(note) for note in section.notes],
                counts={in_fields(word): count for word, count in section.counts.items()},
                conclusion=replace(section.conclusion, text=in_fields(section.conclusion.text))
                if section.conclusion is not None else None)
        for section in report.sections
    )  # fmt: skip
    return replace(report, sections=sections)
