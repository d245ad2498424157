"""The commands ``data inspect`` and ``data phantoms``."""

from __future__ import annotations

from pathlib import Path

import click

from cxrtui.cli.group import Context, cli, data_settings, pass_context
from cxrtui.errors import UsageError


@cli.group()
def data() -> None:
    """Films: look at a folder of them, or make synthetic ones.

    \b
    Examples:
      cxrtui data inspect films/
      cxrtui data phantoms films/
    """


@data.command(name="inspect")
@click.argument("paths", nargs=-1, metavar="[LAYOUT:]PATH…")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings, as for train.")
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="Classes, views, patients.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.option("--headers-only", is_flag=True, help="Decode no pixels: faster, but finds no damage after the headers.")
@pass_context
def inspect_films(
    context: Context, paths: tuple[str, ...], config_file: Path | None, assignments: tuple[str, ...], as_json: bool,
    headers_only: bool,
) -> None:  # fmt: skip
    """Report on the films at PATH: layout, findings, sources, views, patients, sizes, and what is left out and why.

    The verdict comes first: what gives the classes away without the lungs, how far a classifier gets by it, what to do.

    Classes, views and patients are those that train would use: the workspace's cxrtui.toml, --config and --set are
    read in the same way, and so is their data.source if no PATH is given.

    \b
    Examples:
      cxrtui data inspect films/
      cxrtui data inspect ieee8023/ hannover/ --set 'data.negative=*' --set data.positive=COVID-19 --json
    """
    from cxrtui.console.inspection import print_inspection

    data_settings(assignments, "inspect")
    settings = context.settings(config_file, assignments, {})
    if not (named := paths or settings.data.source):
        raise UsageError("Nothing to inspect; name the films, for example: cxrtui data inspect films/")
    print_inspection(named, settings.data, as_json, headers_only)


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", default=240, show_default=True, help="Films to make.")
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same films.")
@click.option("--size", default=320, show_default=True, help="Width and height, pixels.")
@click.option("--plant", "plants", multiple=True, metavar="KIND=STRENGTH",
              help="Plant a feature that tells the class without the lungs; may be given several times.")  # fmt: skip
def phantoms(folder: Path, count: int, seed: int, size: int, plants: tuple[str, ...]) -> None:
    """Write synthetic chest films with their true masks into FOLDER, for trying things out.

    The two classes differ in the lungs alone, but for what is planted: KIND is marker, border, resolution, compression,
    histogram, name or view, and STRENGTH its correlation with the class, from 0 (none) to 1 (always).

    \b
    Examples:
      cxrtui data phantoms films/
      cxrtui data phantoms films/ --count 60 --size 128 --seed 1
      cxrtui data phantoms films/ --plant marker=0.8 --plant view=0.3
    """
    from cxrtui.console.phantoms import make_phantoms

    make_phantoms(folder, count, seed, size, plants)
