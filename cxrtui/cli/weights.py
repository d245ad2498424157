"""The commands of ``weights``, which manage the shelf of networks."""

from __future__ import annotations

from pathlib import Path

import click

from cxrtui.cli.asking import agreed
from cxrtui.cli.group import Context, cli, pass_context
from cxrtui.printable import printable
from cxrtui.workspace import expand


@cli.group()
def weights() -> None:
    """The shelf of networks: list it, fetch published weights, port files, remove networks.

    \b
    Examples:
      cxrtui weights list
      cxrtui weights fetch
    """


@weights.command(name="list")
@click.option("--check", is_flag=True, help="Read every file and compare its checksum.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@pass_context
def weights_list(context: Context, check: bool, as_json: bool) -> None:
    """List what is on the shelf, and the published weights that can be fetched.

    \b
    Examples:
      cxrtui weights list
      cxrtui weights list --check --json
    """
    from cxrtui.console.shelf import print_shelf
    from cxrtui.weights import shelf

    print_shelf(shelf.entries(context.workspace.models, check=check), as_json)


@weights.command(name="fetch")
@click.argument("name", default="imagenet")
@click.option("--force", is_flag=True, help="Fetch the weights again if they are on the shelf already.")
@pass_context
def weights_fetch(context: Context, name: str, force: bool) -> None:
    """Fetch published weights (default: imagenet) from Hugging Face onto the shelf.

    It goes on where an earlier fetch was interrupted. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.

    \b
    Examples:
      cxrtui weights fetch
      cxrtui weights fetch resnet50-a1
    """
    from cxrtui.console.progress import shown_bytes
    from cxrtui.weights import hub, shelf, shelving

    with shown_bytes(name) as on_progress:
        folder, manifest, new = shelving.fetch(name, context.workspace.models, on_progress, force=force)
    if not new:
        click.echo(f"{name} is on the shelf already, and its checksum is right.", err=True)
    elif not hub.find(name).sha256:
        click.echo(f"No checksum of {name} was known beforehand: this first fetch was trusted, and its SHA-256 "
                   f"{manifest.source_sha256} is recorded in {folder / shelf.MANIFEST}.", err=True)  # fmt: skip
    click.echo(folder)


@weights.command(name="port")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", "name", required=True, metavar="SHELF-NAME", help="Name of the new folder on the shelf.")
@click.option("--licence", default="", help="Licence of the weights, for the card.")
@click.option("--prefix", help="The prefix of the keys of the network to take, if FILE holds several networks.")
@click.option("--ema", is_flag=True, help="Take the averaged copy of the weights (EMA, teacher, target, encoder_k); "
              "the default is the plain copy.")  # fmt: skip
@click.option("--range", "range_", default="", metavar="RANGE", help="The input range of a one-channel network: "
              "-1024:1024 (torchxrayvision), imagenet, MEAN/STD or LOW:HIGH.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a model of that name.")
@pass_context
def weights_port(
    context: Context, file: Path, name: str, licence: str, prefix: str | None, ema: bool, range_: str, force: bool
) -> None:
    """Put the ResNet-50 in FILE on the shelf. Its keys may have any prefix, and FILE may hold other things too.

    The format of the keys is detected, and every key of the network must be there. The command prints what was taken,
    what was left and why, and writes this into the manifest and the card.

    \b
    Examples:
      cxrtui weights port model.safetensors --out imagenet
      cxrtui weights port RadImageNet-ResNet50_notop.h5 --out radimagenet
      cxrtui weights port checkpoint.pth.tar --ema --out mine
    """
    from cxrtui.weights import hub, input_range, shelving

    if range_:
        input_range.parse(range_)  # so that an error comes before the file is read
    from cxrtui.weights.port import PortOptions

    folder, manifest = shelving.port(expand(file), context.workspace.models, name,
                                     PortOptions(prefix, ema, range_, licence=licence), force=force)  # fmt: skip
    click.echo(printable(f"taken: {manifest.taken}"), err=True)
    for line in manifest.left:
        click.echo(printable(f"left: {line}"), err=True)
    published = hub.catalogue().get(name)
    if published and published.sha256 not in ("", manifest.source_sha256):
        click.echo(f"warning: {file} is not the file that is published as {name} ({published.address}); its SHA-256 is "
                   f"{manifest.source_sha256}.", err=True)  # fmt: skip
    click.echo(folder)


@weights.command(name="remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def weights_remove(context: Context, name: str, yes: bool) -> None:
    """Take NAME off the shelf for good, after asking.

    \b
    Example:
      cxrtui weights remove resnet50-a1
    """
    from cxrtui.weights import shelving

    if agreed(f"Remove {shelving.removable(context.workspace.models, name)} and everything in it?", yes=yes):
        shelving.remove(context.workspace.models, name)
