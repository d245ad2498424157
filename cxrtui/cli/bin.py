"""The commands of ``runs`` that move runs to the bin and bring them back."""

from __future__ import annotations

import click

from cxrtui.cli.asking import agreed
from cxrtui.cli.group import Context, pass_context
from cxrtui.cli.runs import runs_group
from cxrtui.errors import UsageError
from cxrtui.printable import printable
from cxrtui.runs import advice, bin
from cxrtui.runs.folder import BIN
from cxrtui.runs.listing import behind_link, find_run, protocol_as_run, why_unreadable
from cxrtui.runs.size import counted, size_of, size_text


@runs_group.command(name="delete")
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--forever", is_flag=True, help="Delete at once and for good, without the bin.")
@pass_context
def runs_delete(context: Context, names: tuple[str, ...], yes: bool, forever: bool) -> None:
    """Move runs with their checkpoints to the bin, after asking. Of a symbolic link, move only the link.

    A protocol is moved with its table and its folds; its runs are runs of their own and stay.

    The bin is checkpoints/.bin; cxrtui runs restore brings a run back.

    \b
    Examples:
      cxrtui runs delete 20260101-120000
      cxrtui runs delete 20260101-120000 --forever --yes
    """
    checkpoints, found = context.workspace.checkpoints, []
    for name in names:
        run = protocol_as_run(checkpoints, name) or find_run(checkpoints, name)
        if (link := behind_link(checkpoints, name)) is not None:
            raise UsageError(
                f"{name} leads by the symbolic link {link} to {run.folder}; delete that by its own path, or the link."
            )
        found.append(run)
    for run in {run.folder: run for run in found}.values():
        what, size = f"{run.folder} and everything in it", size_text(size_of(run.folder))
        if run.folder.is_symlink():
            what = f"the link {run.folder}, and not what it points to"
        question = f"Delete {what} for good ({size})?" if forever else f"Move {what} to the bin ({size})?"
        if not agreed(question, yes=yes):
            continue
        if forever:
            run.delete()
            continue
        try:
            moved = bin.discard(run)
        except bin.NotBinnedError as error:
            raise UsageError(f"{error} (cxrtui runs delete {advice.named(run)} --forever)") from None
        click.echo(f"moved to {printable(moved.folder)}", err=True)
    if not forever and (kept := bin.contents(checkpoints)):
        size = size_text(sum(item.size for item in kept))
        click.echo(f"the bin holds {counted(len(kept), 'run')}, {size}; cxrtui runs restore NAME brings one back, "
                   "cxrtui runs bin --empty makes room", err=True)  # fmt: skip


@runs_group.command(name="restore")
@click.argument("name")
@click.option("--as", "new_name", default="", metavar="NAME", help="Give the run this name.")
@pass_context
def runs_restore(context: Context, name: str, new_name: str) -> None:
    """Bring a deleted run back from the bin: the latest of this name, or a folder of the bin.

    \b
    Examples:
      cxrtui runs restore 20260101-120000
      cxrtui runs restore 20260101-120000 --as again
    """
    click.echo(printable(bin.restore(bin.find(context.workspace.checkpoints, name), new_name).folder))


@runs_group.command(name="bin")
@click.option("--empty", is_flag=True, help="Delete what is in the bin for good, after asking.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@pass_context
def runs_bin(context: Context, empty: bool, yes: bool, as_json: bool) -> None:
    """List the deleted runs and the room that they take.

    \b
    Examples:
      cxrtui runs bin
      cxrtui runs bin --empty
    """
    from cxrtui.console.runs import print_bin

    kept = bin.contents(context.workspace.checkpoints)
    if why := why_unreadable(context.workspace.checkpoints / BIN):
        raise UsageError(why)
    print_bin(kept, as_json)
    if empty and kept and agreed(f"Delete {counted(len(kept), 'run')} for good?", yes=yes):
        for item in kept:
            bin.remove(item)
