"""The commands of ``runs``, which list, show, steer, delete and export runs."""

from __future__ import annotations

import click

from cxrtui.cli.group import Context, cli, pass_context
from cxrtui.errors import UsageError
from cxrtui.runs import advice
from cxrtui.runs.listing import all_runs, behind_link, find_run


@cli.group(name="runs")
def runs_group() -> None:
    """List, show and steer runs.

    \b
    Examples:
      cxrtui runs list
      cxrtui runs stop 20260101-120000
    """


@runs_group.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@pass_context
def runs_list(context: Context, as_json: bool) -> None:
    """List every run of the workspace, the latest first.

    \b
    Examples:
      cxrtui runs list
      cxrtui --workspace elsewhere/ runs list --json
    """
    from cxrtui.console.runs import print_runs

    print_runs(all_runs(context.workspace.checkpoints), as_json)


@runs_group.command(name="show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_context
def runs_show(context: Context, run: str, as_json: bool) -> None:
    """Show the status, films, best epoch and evaluation of one run.

    \b
    Examples:
      cxrtui runs show 20260101-120000
      cxrtui runs show 20260101-120000 --json
    """
    from cxrtui.console.runs import print_run

    print_run(find_run(context.workspace.checkpoints, run), as_json)


def _steering(command: str, about: str) -> None:
    @runs_group.command(name=command, help=f"{about}\n\n\b\nExample:\n  cxrtui runs {command} 20260101-120000")
    @click.argument("run")
    @pass_context
    def steer(context: Context, run: str) -> None:
        found = find_run(context.workspace.checkpoints, run)
        if not found.alive():
            raise UsageError(f"Run {found.name} is not live; go on with it by: {advice.resume(found)}")
        found.command(command)
        click.echo(f"asked {found.name} to {command}", err=True)


_steering("pause", "Pause a live run after its current step.")
_steering("resume", "Let a paused run go on.")
_steering("checkpoint", "Save a checkpoint of a live run now.")
_steering("stop", "Stop a live run with a checkpoint.")


@runs_group.command(name="delete")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def runs_delete(context: Context, run: str, yes: bool) -> None:
    """Delete a run with its checkpoints, after asking. If the run is a symbolic link, delete only the link.

    \b
    Examples:
      cxrtui runs delete 20260101-120000
      cxrtui runs delete 20260101-120000 --yes
    """
    found = find_run(context.workspace.checkpoints, run)
    if (link := behind_link(context.workspace.checkpoints, run)) is not None:
        raise UsageError(
            f"{run} leads by the symbolic link {link} to {found.folder}; delete that by its own path, or the link."
        )
    what = "the link {}, and not what it points to" if found.folder.is_symlink() else "{} and everything in it"
    if yes or click.confirm(f"Delete {what.format(found.folder)}?"):
        found.delete()


@runs_group.command(name="export")
@click.argument("run")
@click.option("--to", "name", required=True, metavar="SHELF-NAME", help="Name of the new folder on the shelf.")
@click.option("--force", is_flag=True, help="Replace a model of that name.")
@click.option("--onnx", is_flag=True, help="Also write an ONNX file, which needs the extra cxrtui[onnx].")
@click.option("--step", type=int, help="Export the checkpoint of this step instead of the best one.")
@pass_context
def runs_export(context: Context, run: str, name: str, force: bool, onnx: bool, step: int | None) -> None:
    """Put the best weights of RUN on the shelf as a classifier: one folder that works on any machine.

    \b
    Example:
      cxrtui runs export 20260101-120000 --to covid
      cxrtui classify covid film.png
    """
    found = find_run(context.workspace.checkpoints, run)
    from cxrtui.evaluation.export import export
    from cxrtui.runner import versions

    click.echo(export(found, context.workspace.models, name, versions(), force=force, onnx=onnx, step=step))
