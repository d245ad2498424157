"""The group ``runs``, and its commands that list, show, compare and describe runs."""

from __future__ import annotations

import click

from cxrtui.cli.group import Context, cli, pass_context
from cxrtui.cli.shared import SharedCommand
from cxrtui.runs import notes
from cxrtui.runs.listing import find_run

_MARK = "\0"


class _TakesMinus(SharedCommand):
    """A command with `changes` such as ``-hot``, which takes a tag away and is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; every word with one minus behind the first word is a change."""
        marked = [
            _MARK + word if before not in ("", "--workspace") and word.startswith("-") and word[1:2] != "-" else word
            for before, word in zip(["", *args], args, strict=False)
        ]
        rest = super().parse_args(ctx, marked)
        ctx.params["changes"] = tuple(word.removeprefix(_MARK) for word in ctx.params.get("changes") or ())
        ctx.params["run"] = (ctx.params.get("run") or "").removeprefix(_MARK)  # after "--" its name may begin with "-"
        return rest


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
@click.option("--filter", "words", default="", metavar="WORDS", help="List the runs for which all the words hold.")
@click.option("--sort", "key", default="age", metavar="KEY", help="Sort by a value or a setting (default: age).")
@click.option("--reverse", is_flag=True, help="Sort in the other direction.")
@pass_context
def runs_list(context: Context, as_json: bool, words: str, key: str, reverse: bool) -> None:
    """List the runs of the workspace, the latest first, and below them its protocols (evaluate --protocol).

    \b
    A word of the filter is one of
      text            the name, the note or a tag contains it
      data:dark       a value contains it; status: and tag: compare the beginning
      optim.name=sgd  a value is exactly that (!= another)
      lr>1e-4 acc>=90% age<2d
                      a number or an age is above, at least, below or at most
      -tag:bad        the word does not hold
    Values: any setting (optim.learning_rate, or lr), name, status, tag, note, data, device, metric, val (the best
    validation), auroc, accuracy (acc), sensitivity, specificity, loss, the same with test. or val., epoch, step, age.

    \b
    Examples:
      cxrtui runs list
      cxrtui runs list --filter 'data:dark lr>1e-4 status:done' --sort auroc
      cxrtui --workspace elsewhere/ runs list --json
    """
    from cxrtui.console.runs import print_runs
    from cxrtui.runs import arrange, filter

    print_runs(context.workspace.checkpoints, as_json, filter.parse(words), arrange.order_of(key, reverse))
    if not (as_json or words):
        from cxrtui.console.protocol import list_protocols
        from cxrtui.evaluation.protocols.folder import all_protocols

        list_protocols(all_protocols(context.workspace.checkpoints))


@runs_group.command(name="show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plots", is_flag=True, help="Draw the curves of each evaluation.")
@pass_context
def runs_show(context: Context, run: str, as_json: bool, plots: bool) -> None:
    """Show the status, films, best epoch and evaluation of one run, or the table of a protocol.

    \b
    Examples:
      cxrtui runs show 20260101-120000 --plots
      cxrtui runs show 20260101-120000 --json
    """
    from cxrtui.evaluation.protocols.folder import find_protocol

    if (found := find_protocol(context.workspace.checkpoints, run)) is not None:
        from cxrtui.console.protocol import print_protocol

        print_protocol(found, as_json)
        return
    from cxrtui.console.runs import print_run

    print_run(find_run(context.workspace.checkpoints, run), as_json, plots=plots)


@runs_group.command(name="fetch")
@click.argument("url")
@pass_context
def runs_fetch(context: Context, url: str) -> None:
    """Bring the run at URL, to which ``run.mirror`` copied it, into the workspace, and print its name.

    \b
    Example:
      cxrtui runs fetch s3://bucket/runs/20260101-120000
    """
    from cxrtui.training.mirror import fetch

    click.echo(fetch(url, context.workspace.checkpoints).name)


@runs_group.command(name="compare")
@click.argument("names", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_context
def runs_compare(context: Context, names: tuple[str, ...], as_json: bool) -> None:
    """Compare two to eight runs: settings that differ, results with 95 % intervals, differences to the first run.

    A difference is given for runs that were tested on the same films. What speaks against a comparison comes first, for
    example that a run was trained on test films of another. A bullet marks what differs from the first run.

    \b
    Examples:
      cxrtui runs compare 20260101-120000 20260102-120000
      cxrtui runs compare frozen unfrozen scratch --json
    """
    from cxrtui.console.compare import print_comparison

    found = [find_run(context.workspace.checkpoints, name) for name in names]
    print_comparison(list({run.folder: run for run in found}.values()), as_json)


@runs_group.command(name="note")
@click.argument("run")
@click.argument("text")
@pass_context
def runs_note(context: Context, run: str, text: str) -> None:
    """Replace the note of RUN by TEXT; an empty text removes it.

    \b
    Example:
      cxrtui runs note 20260101-120000 "stage 4 unfrozen too early"
    """
    found = find_run(context.workspace.checkpoints, run)
    notes.change(found.folder, note=text)


@runs_group.command(name="tag", cls=_TakesMinus)
@click.argument("run")
@click.argument("changes", nargs=-1, required=True, metavar="+TAG|-TAG...")
@pass_context
def runs_tag(context: Context, run: str, changes: tuple[str, ...]) -> None:
    """Give tags to RUN (+good) and take tags from it (-bad), and print those that it has then.

    \b
    Example:
      cxrtui runs tag 20260101-120000 +good -bad
    """
    found = find_run(context.workspace.checkpoints, run)
    click.echo(" ".join(notes.change(found.folder, tags=lambda known: notes.retagged(known, changes)).tags))
