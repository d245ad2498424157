"""The command ``report``."""

from __future__ import annotations

from pathlib import Path

import click

from cxrtui.cli.group import Context, cli, pass_context
from cxrtui.errors import UsageError
from cxrtui.runs.listing import find_run
from cxrtui.workspace import expand

_FILE = click.Path(dir_okay=False, path_type=Path)
_FILMS = 8


@cli.command()
@click.argument("run")
@click.option("--out", type=_FILE, metavar="FILE", help="The page.  [default: report.html in the run's folder]")
@click.option("--open", "show", is_flag=True, help="Open the page in a browser.")
@click.option(
    "--evaluation", "evaluations", multiple=True, type=_FILE, metavar="FILE",
    help="Show what `cxrtui evaluate RUN --json` has found on other films too; may be repeated.",
)  # fmt: skip
@click.option(
    "--inspection", type=_FILE, metavar="FILE", help="Show the verdict of `cxrtui data inspect --json` on confounders."
)
@click.option("--with-films", "with_films", is_flag=True, help="Show films of people; you answer for their consent.")
@click.option("--films", type=click.IntRange(1, 24), metavar="N", help=f"How many films.  [default: {_FILMS}]")
@pass_context
def report(
    context: Context, run: str, out: Path | None, show: bool, evaluations: tuple[Path, ...], inspection: Path | None,
    with_films: bool, films: int | None,
) -> None:  # fmt: skip
    """Write what is known of RUN as one page of HTML that needs no network and no other file.

    \b
    Examples:
      cxrtui report 20260101-120000 --open
      cxrtui report 20260101-120000 --evaluation other.json --out report.html
    """
    from cxrtui.console.report import write_report

    if films is not None and not with_films:
        raise UsageError("--films belongs to --with-films.")
    found = find_run(context.workspace.checkpoints, run)
    write_report(
        found, expand(out) if out is not None else None, evaluations=[expand(file) for file in evaluations],
        inspection=expand(inspection) if inspection is not None else None,
        films=(films or _FILMS) if with_films else 0, show=show,
    )  # fmt: skip
