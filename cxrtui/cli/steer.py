"""The commands of ``runs`` that steer a live run."""

from __future__ import annotations

import click

from cxrtui.cli.group import Context, pass_context
from cxrtui.cli.runs import runs_group
from cxrtui.errors import UsageError
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import find_run


def _steering(command: str, about: str) -> None:
    @runs_group.command(name=command, help=f"{about}\n\n\b\nExample:\n  cxrtui runs {command} 20260101-120000")
    @click.argument("run")
    @pass_context
    def steer(context: Context, run: str) -> None:
        found = _live(context, run)
        found.command(command)
        click.echo(f"asked {found.name} to {command}", err=True)


def _live(context: Context, name: str) -> Run:
    found = find_run(context.workspace.checkpoints, name)
    if not found.alive():
        if summary(found).status == "finished":
            raise UsageError(f"Run {found.name} has finished; there is nothing to steer.")
        raise UsageError(f"Run {found.name} is not live; go on with it by: {advice.resume(found)}")
    return found


_steering("pause", "Pause a live run after its current step.")
_steering("resume", "Let a paused run go on.")
_steering("checkpoint", "Save a checkpoint of a live run now.")


@runs_group.command(name="stop")
@click.argument("run")
@click.option("--after-epoch", is_flag=True, help="Let it finish, validate and save its epoch first.")
@click.option("--cancel", is_flag=True, help="Take back an earlier --after-epoch.")
@pass_context
def runs_stop(context: Context, run: str, after_epoch: bool, cancel: bool) -> None:
    """Stop a live run with a checkpoint.

    \b
    Examples:
      cxrtui runs stop 20260101-120000
      cxrtui runs stop 20260101-120000 --after-epoch
    """
    if after_epoch and cancel:
        raise UsageError("--after-epoch asks for a stop and --cancel takes it back; give one of them.")
    found = _live(context, run)
    if cancel and not found.stopping_after_epoch():
        raise UsageError(f"Run {found.name} was not asked to stop after its epoch, or has stopped.")
    found.command("keep-going" if cancel else "stop-after-epoch" if after_epoch else "stop")
    asked = "go on after this epoch" if cancel else "stop after this epoch" if after_epoch else "stop"
    click.echo(f"asked {found.name} to {asked}", err=True)
