"""The output of ``data inspect``."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console import progress
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.data.inspect.page import headline, section_view, shown_sections
from cxrtui.data.inspect.report import inspect
from cxrtui.settings.config import DataConfig


def print_inspection(paths: Sequence[str], data: DataConfig, as_json: bool, headers_only: bool = False) -> None:
    """Print one report on all films at `paths` to stdout.

    Raises:
        DataError: there are no films that can be read.
    """
    with progress.shown() as on_progress:
        report = inspect(paths, data, on_progress, headers_only=headers_only)
    if as_json:
        print(strict_json.dumps(report.as_dict()))
        return
    out = PrintableConsole()
    out.print(headline(report))
    for section in shown_sections(report):
        out.print(section_view(section, report, out.width, fold=False), crop=False)
    out.print(Text(RESEARCH_ONLY, "dim"))
