"""The command line: reads flags, hands over to the dashboard, the headless runner or a small command.

Nothing heavy is imported before a command needs it: ``cxrtui --help`` never loads JAX, ``--headless`` never Textual.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxrtui import RESEARCH_ONLY, __version__, config, runs
from cxrtui.errors import ConfigError, CxrtuiError, DataError, UsageError
from cxrtui.workspace import Workspace, expand

if TYPE_CHECKING:
    from cxrtui.config import Config

_EXAMPLES = f"""
\b
Examples:
  cxrtui                                      open the dashboard
  cxrtui demo                                 train on synthetic phantoms, classify some
  cxrtui train --data films/ --init random    train, and watch it in the dashboard
  cxrtui --headless train --data films/ --init random --set data.positive=COVID-19 --set data.negative=Normal
  cxrtui attach RUN                           watch a run of another process
  cxrtui classify RUN film.png --json

\b
Exit codes: 0 done, 1 a fault of ours, 2 usage or config, 3 the data, 4 weights or checkpoint,
5 stopped on request with a checkpoint saved, 6 an evidence gate refused.

{RESEARCH_ONLY}
"""


@dataclass(frozen=True)
class _Context:
    """What the group's own flags say."""

    workspace: Workspace
    headless: bool
    debug: bool

    def settings(self, config_file: Path | None, assignments: Sequence[str], flags: dict[str, Any]) -> Config:
        """The configuration: workspace file, then ``--config``, then ``--set``, then flags."""
        workspace = self.workspace.config_file
        return config.resolve(
            config.read_file(workspace) if workspace.is_file() else {},
            config.read_file(config_file) if config_file else {},
            config.parse_assignments(assignments),
            flags,
        )


_pass = click.make_pass_decorator(_Context)


@click.group(invoke_without_command=True, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--headless", is_flag=True, help="No screen: progress on stderr, data on stdout.")
@click.option(
    "--workspace", type=click.Path(file_okay=False, path_type=Path), default=Path(),
    help="Folder of checkpoints/ and models/ (default: this one).",
)  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="cxrtui")
@click.pass_context
def cli(context: click.Context, headless: bool, workspace: Path, debug: bool) -> None:
    """Train and question COVID-19 classifiers on labelled chest X-rays. Without a command: the dashboard."""
    context.obj = _Context(Workspace(expand(workspace).absolute()), headless, debug)
    if context.invoked_subcommand is None:
        if headless:
            raise UsageError("--headless needs a command, for example: cxrtui --headless train --data FOLDER")
        _open_dashboard(context.obj)


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The dashboard needs a terminal; use cxrtui --headless train in a script.")


def _open_dashboard(context: _Context, **opened: Any) -> None:
    _need_terminal()
    from cxrtui.tui.app import run_app

    sys.exit(run_app(context.workspace, **opened))


@cli.command()
@click.option(
    "--data",
    "sources",
    multiple=True,
    metavar="[LAYOUT:]PATH",
    help="Films: a folder, a CSV manifest, tfds:NAME; repeat it to join several.",
)
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings.")
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="One setting; repeatable.")
@click.option("--init", help="First weights: imagenet (default), random, a name on the shelf, a file.")
@click.option("--run", "name", default="", help="Name of the new run (default: date and time).")
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped or killed.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's events on stdout, a JSON object a line.")
@click.option("--detach", is_flag=True, help="Start the run as a process of its own and return.")
@click.option("--settings", "list_settings", is_flag=True, help="List every setting with its default, and stop.")
@_pass
def train(
    context: _Context, sources: tuple[str, ...], config_file: Path | None, assignments: tuple[str, ...],
    init: str | None, name: str, resume: str | None, as_json: bool, detach: bool, list_settings: bool,
) -> None:  # fmt: skip
    """Train a classifier: in the dashboard, or without a screen after --headless.

    \b
    Examples:
      cxrtui train --data films/ --init random
      cxrtui --headless train --data films/ --init weights.safetensors --set optim.epochs=40
      cxrtui train --data ieee8023/ --data hannover:other/ --init random
      cxrtui --headless train --resume 20260101-120000 --json
    """
    if list_settings:
        _list_settings(context.settings(config_file, assignments, {}))
        return
    checkpoints = context.workspace.checkpoints
    if resume:
        if sources or config_file or assignments or init or name:
            raise UsageError("A resumed run keeps its own configuration; give --resume alone, or start a new run.")
        run = runs.find_run(checkpoints, resume)
        settings = config.load(run.config_file)
        if run.alive():
            raise UsageError(f"Run {run.name} is live already; watch it with: cxrtui attach {run.name}")
        if run.summary().status == "finished":
            click.echo(f"Run {run.name} is finished; there is nothing to resume.", err=True)
            return
    else:
        flags: dict[str, Any] = {}
        if sources:
            flags["data.source"] = sources
        if init:
            flags["model.init"] = init
        settings = _absolute(context.settings(config_file, assignments, flags), context.workspace)
        if not settings.data.source:
            raise UsageError("Nothing to train on; name the films with --data FOLDER.")
        _need_sources(settings.data.source)
    if detach:
        _detach(context, settings, resume, name)
        return
    screen = not (context.headless or as_json)
    if screen:
        _need_terminal()
    if not resume:
        run = runs.new_run(checkpoints, name)
    if not screen:
        from cxrtui import headless

        sys.exit(headless.train(run, settings, resume=bool(resume), as_json=as_json, debug=context.debug))
    _open_dashboard(context, launch=settings, attach=run, resume=bool(resume))


def _need_sources(sources: Sequence[str]) -> None:
    """Refuse a path that is not there before a run is made for it."""
    from cxrtui.data.sources import TFDS, split_name

    for source in sources:
        layout, path = split_name(source)
        if layout != TFDS and not os.path.lexists(path):
            raise DataError(f"No such file or folder: {path}; check --data.")


def _absolute(settings: Config, workspace: Workspace) -> Config:
    """Paths that stay right when the run is resumed from another folder; a name on the shelf is one by then."""
    from cxrtui.data.sources import absolute
    from cxrtui.net import shelf

    values: dict[str, Any] = {"data.source": tuple(map(absolute, settings.data.source))}
    if settings.data.splits:
        values["data.splits"] = str(expand(settings.data.splits).absolute())
    values["model.init"] = shelf.resolve(settings.model.init, workspace.models)
    return config.with_values(settings, values)


def _detach(context: _Context, settings: Config, resume: str | None, name: str) -> None:
    from cxrtui import headless

    checkpoints = context.workspace.checkpoints
    arguments = ["--workspace", str(context.workspace.root), "--headless", "train"]
    if resume:
        run = runs.find_run(checkpoints, resume)
        headless.detach(run, None, [*arguments, "--resume", str(run.folder)])
    else:
        run = runs.Run(checkpoints / (name or runs.fresh_name(checkpoints)))
        headless.detach(run, settings, [*arguments, "--run", run.name])
    click.echo(run.name)
    click.echo(f"Run {run.name} goes on by itself; watch it with: cxrtui attach {run.name}", err=True)


def _list_settings(settings: Config) -> None:
    body = settings.as_dict()
    for key in config.known_keys():
        section, name = key.split(".")
        value = body[section][name]
        click.echo(f"{key + '=' + config.as_text(value):<36} {config.about(key)}")


@cli.command()
@click.argument("run")
@_pass
def attach(context: _Context, run: str) -> None:
    """Watch and steer a run that lives in another process, or replay a finished one."""
    _open_dashboard(context, attach=runs.find_run(context.workspace.checkpoints, run))


@cli.group(name="runs")
def runs_group() -> None:
    """List, show and steer runs."""


@runs_group.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@_pass
def runs_list(context: _Context, as_json: bool) -> None:
    """Every run of the workspace, the latest first."""
    from cxrtui import console

    console.print_runs(runs.all_runs(context.workspace.checkpoints), as_json)


@runs_group.command(name="show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@_pass
def runs_show(context: _Context, run: str, as_json: bool) -> None:
    """Status, films, best epoch and evaluation of one run."""
    from cxrtui import console

    console.print_run(runs.find_run(context.workspace.checkpoints, run), as_json)


def _steering(command: str, about: str) -> None:
    @runs_group.command(name=command, help=about)
    @click.argument("run")
    @_pass
    def steer(context: _Context, run: str) -> None:
        found = runs.find_run(context.workspace.checkpoints, run)
        if not found.alive():
            raise UsageError(f"Run {found.name} is not live; go on with it by: cxrtui train --resume {found.name}")
        found.command(command)
        click.echo(f"asked {found.name} to {command}", err=True)


_steering("pause", "Pause a live run after its current step.")
_steering("resume", "Let a paused run go on.")
_steering("checkpoint", "Save a checkpoint of a live run now.")
_steering("stop", "Stop a live run with a checkpoint.")


@runs_group.command(name="delete")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_pass
def runs_delete(context: _Context, run: str, yes: bool) -> None:
    """Delete a run with its checkpoints, after asking."""
    found = runs.find_run(context.workspace.checkpoints, run)
    if yes or click.confirm(f"Delete {found.folder} and everything in it?"):
        found.delete()


@runs_group.command(name="export")
@click.argument("run")
@click.option("--to", "name", required=True, metavar="SHELF-NAME", help="Name of the new folder on the shelf.")
@click.option("--force", is_flag=True, help="Put it in the place of a model of that name.")
@_pass
def runs_export(context: _Context, run: str, name: str, force: bool) -> None:
    """Put the best weights of RUN on the shelf: one folder that classifies anywhere.

    \b
    Example:
      cxrtui runs export 20260101-120000 --to covid
      cxrtui classify covid film.png
    """
    found = runs.find_run(context.workspace.checkpoints, run)
    from cxrtui.evaluation.export import export
    from cxrtui.runner import versions

    click.echo(export(found, context.workspace.models, name, versions(), force=force))


@cli.group()
def weights() -> None:
    """The shelf of networks: list it, fetch published weights, port files."""


@weights.command(name="list")
@click.option("--check", is_flag=True, help="Read every file and compare its checksum.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@_pass
def weights_list(context: _Context, check: bool, as_json: bool) -> None:
    """What is on the shelf, and the published weights that could be."""
    from cxrtui import console
    from cxrtui.net import shelf

    console.print_shelf(shelf.entries(context.workspace.models, check=check), as_json)


@weights.command(name="fetch")
@click.argument("name", default="imagenet")
@click.option("--force", is_flag=True, help="Fetch again what is on the shelf already.")
@_pass
def weights_fetch(context: _Context, name: str, force: bool) -> None:
    """Fetch published weights (default: imagenet) from Hugging Face onto the shelf.

    Goes on where an earlier fetch was cut. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are honoured.
    """
    from cxrtui import console
    from cxrtui.net import hub, shelf, shelving

    with console.download_bar(name) as tell:
        folder, manifest, new = shelving.fetch(name, context.workspace.models, tell, force=force)
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
@click.option("--force", is_flag=True, help="Put it in the place of a model of that name.")
@_pass
def weights_port(context: _Context, file: Path, name: str, licence: str, force: bool) -> None:
    """Put FILE of any known flavour on the shelf; whose keys it has is detected, and each is accounted for.

    \b
    Examples:
      cxrtui weights port model.safetensors --out imagenet
      cxrtui weights port RadImageNet-ResNet50_notop.h5 --out radimagenet
    """
    from cxrtui.net import hub, shelving

    folder, manifest = shelving.port(expand(file), context.workspace.models, name, licence=licence, force=force)
    known = hub.known().get(name)
    if known and known.sha256 not in ("", manifest.source_sha256):
        click.echo(f"warning: {file} is not the file that is published as {name} ({known.address}); its SHA-256 is "
                   f"{manifest.source_sha256}.", err=True)  # fmt: skip
    click.echo(folder)


def _find_model(context: _Context, name: str) -> runs.Run | Path:
    """The run, or else the shelf folder, of that name or at that path.

    Raises:
        UsageError: there is neither.
    """
    from cxrtui.net import shelf

    try:
        return runs.find_run(context.workspace.checkpoints, name)
    except UsageError as error:
        if folder := shelf.find(name, context.workspace.models):
            return folder
        here = ", ".join(item.name for item in shelf.classifiers(context.workspace.models)) or "none yet"
        raise UsageError(f"{str(error).rstrip('.')}; classifiers on the shelf: {here}.") from None


@cli.command()
@click.argument("model")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="A JSON object a line for each file.")
@click.option("--csv", "form", flag_value="csv", help="A CSV row for each file.")
@_pass
def classify(context: _Context, model: str, files: tuple[Path, ...], form: str | None) -> None:
    """Classify image files with MODEL, a run or a classifier of the shelf. Exit 3 if a file could not be read.

    \b
    Examples:
      cxrtui classify 20260101-120000 film.png other.jpg
      cxrtui classify 20260101-120000 films/*.png --json
    """
    from cxrtui import console
    from cxrtui.evaluation import classify as classifying

    classifier = classifying.load(_find_model(context, model))
    sys.exit(3 if console.print_classified(classifier.classify(files), form or "text") else 0)


@cli.command()
@click.argument("model")
@click.option("--data", "source", required=True, metavar="[LAYOUT:]PATH", help="Labelled films, as for train.")
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="Classes of these films.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@_pass
def evaluate(context: _Context, model: str, source: str, assignments: tuple[str, ...], as_json: bool) -> None:
    """Judge MODEL, a run or a classifier of the shelf, on labelled films that it was not trained on.

    \b
    Example:
      cxrtui evaluate 20260101-120000 --data other_hospital/ --set data.positive=COVID-19 --set data.negative=Normal
    """
    from cxrtui import console
    from cxrtui.evaluation import evaluate as evaluating

    target = _find_model(context, model)
    values = _data_settings(assignments, "evaluate")
    console.print_evaluation(evaluating.evaluate(target, source, values, console.say), as_json)


@cli.group()
def data() -> None:
    """Films: look at a folder of them, or make synthetic ones."""


@data.command(name="inspect")
@click.argument("paths", nargs=-1, required=True, metavar="[LAYOUT:]PATH…")
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="Classes, views, patients.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def inspect_films(paths: tuple[str, ...], assignments: tuple[str, ...], as_json: bool) -> None:
    r"""Say what is at PATH: layout, findings, sources, views, patients, sizes, and what is left out and why.

    \b
    Examples:
      cxrtui data inspect films/
      cxrtui data inspect ieee8023/ hannover/ --set 'data.negative=*' --set data.positive=COVID-19 --json
    """
    from cxrtui import inspection

    settings = config.resolve(_data_settings(assignments, "inspect"))
    inspection.print_inspection(paths, settings.data, as_json)


def _data_settings(assignments: Sequence[str], command: str) -> dict[str, str]:
    values = config.parse_assignments(assignments)
    if other := [key for key in values if not key.startswith("data.")]:
        raise ConfigError(f"{command} takes settings of the data alone, not {other[0]}.")
    return values


@data.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--count", default=240, show_default=True, help="Films to make.")
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same films.")
@click.option("--size", default=320, show_default=True, help="Side, pixels.")
def phantoms(folder: Path, count: int, seed: int, size: int) -> None:
    """Write synthetic chest films with their true masks into FOLDER, for trying things out."""
    from cxrtui import console

    console.make_phantoms(folder, count, seed, size)


@cli.command()
def doctor() -> None:
    """Devices, memory, versions, terminal: what cxrtui finds on this machine."""
    from cxrtui import console

    console.print_doctor()


@cli.command()
@_pass
def demo(context: _Context) -> None:
    """Train on synthetic phantoms and classify some, in minutes, on a CPU."""
    from cxrtui import demo as demonstration

    sys.exit(demonstration.run(context.workspace))


def main() -> None:
    """Run the command line; an error of ours is one sentence on stderr and its exit code."""
    debug = "--debug" in sys.argv  # known before click has read it, for an error in that very reading
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except CxrtuiError as error:
        if debug:
            traceback.print_exc()
        click.echo(f"cxrtui: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        if debug:
            traceback.print_exc()
        click.echo(f"cxrtui: a fault of ours, {type(error).__name__}: {error}; --debug shows where.", err=True)
        sys.exit(1)
