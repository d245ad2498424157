"""``data``: look into a source of films, or make synthetic ones."""

from __future__ import annotations

from pathlib import Path

import click

from cxrtui import config
from cxrtui.cli.group import cli, data_settings


@cli.group()
def data() -> None:
    """Films: look at a folder of them, or make synthetic ones."""


@data.command(name="inspect")
@click.argument("paths", nargs=-1, required=True, metavar="[LAYOUT:]PATH…")
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="Classes, views, patients.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def inspect_films(paths: tuple[str, ...], assignments: tuple[str, ...], as_json: bool) -> None:
    """Say what is at PATH: layout, findings, sources, views, patients, sizes, and what is left out and why.

    \b
    Examples:
      cxrtui data inspect films/
      cxrtui data inspect ieee8023/ hannover/ --set 'data.negative=*' --set data.positive=COVID-19 --json
    """
    from cxrtui import inspection

    settings = config.resolve(data_settings(assignments, "inspect"))
    inspection.print_inspection(paths, settings.data, as_json)


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", default=240, show_default=True, help="Films to make.")
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same films.")
@click.option("--size", default=320, show_default=True, help="Side, pixels.")
def phantoms(folder: Path, count: int, seed: int, size: int) -> None:
    """Write synthetic chest films with their true masks into FOLDER, for trying things out."""
    from cxrtui import console

    console.make_phantoms(folder, count, seed, size)
