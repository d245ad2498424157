"""The command ``runs export``."""

from __future__ import annotations

from pathlib import Path

import click

from cxrtui.cli.group import Context, pass_context
from cxrtui.cli.parameters import Folder
from cxrtui.cli.runs import runs_group
from cxrtui.errors import UsageError
from cxrtui.runs.listing import find_run
from cxrtui.workspace import expand

_FOLDER = Folder()


@runs_group.command(name="export")
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--to", "shelf_name", metavar="SHELF-NAME", help="Name of the new folder on the shelf.")
@click.option("--force", is_flag=True, help="Replace a model of that name.")
@click.option("--onnx", is_flag=True, help="Also write an ONNX file, which needs the extra cxrtui[onnx].")
@click.option("--step", type=int, help="Export the checkpoint of this step instead of the best one.")
@click.option("--csv", "tables", type=_FOLDER, metavar="DIR", help="Write steps, validations, results and settings.")
@click.option(
    "--tensorboard",
    "boards",
    type=_FOLDER,
    metavar="DIR",
    help="Write an event file, which needs the extra cxrtui[tensorboard].",
)
@pass_context
def runs_export(
    context: Context,
    names: tuple[str, ...],
    shelf_name: str | None,
    force: bool,
    onnx: bool,
    step: int | None,
    tables: Path | None,
    boards: Path | None,
) -> None:
    """Put the best weights of RUN on the shelf as a classifier, or write runs as tables or for TensorBoard.

    The folder on the shelf works on any machine. Tables and event files of a run are in a folder of its name in DIR.

    \b
    Examples:
      cxrtui runs export 20260101-120000 --to covid
      cxrtui classify covid film.png
      cxrtui runs export 20260101-120000 20260102-120000 --csv tables/
      cxrtui runs export 20260101-120000 --tensorboard boards/
    """
    found = [find_run(context.workspace.checkpoints, name) for name in names]
    if not (shelf_name or tables or boards):
        raise UsageError("runs export needs --to SHELF-NAME, --csv DIR or --tensorboard DIR.")
    if shelf_name is None and (force or onnx or step is not None):
        raise UsageError("--force, --onnx and --step belong to --to SHELF-NAME.")
    if shelf_name and len(found) > 1:
        raise UsageError("--to puts one run on the shelf; name one run.")
    for run in found:
        if tables:
            from cxrtui.runs.tables import write_tables

            click.echo(write_tables(run, expand(tables)))
        if boards:
            from cxrtui.evaluation.tensorboard_file import write_events

            click.echo(write_events(run, expand(boards)))
        if shelf_name:
            from cxrtui.evaluation.export import export
            from cxrtui.runner import versions

            models = context.workspace.models
            click.echo(export(run, models, shelf_name, versions(), force=force, onnx=onnx, step=step))
