"""The command ``tune`` and its subcommands."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxrtui.cli.asking import agreed
from cxrtui.cli.group import Context, cli, has_terminal, open_dashboard, pass_context
from cxrtui.cli.parameters import Devices
from cxrtui.cli.starting import absolute_settings, need_films
from cxrtui.errors import ConfigError, UsageError
from cxrtui.files import is_there
from cxrtui.settings import config, presets, tuning
from cxrtui.settings.space import check_space

if TYPE_CHECKING:
    from cxrtui.search.study import Plan, Study


def _settings_help() -> str:
    from dataclasses import fields

    lines = [
        f"tune.{item.name}: {item.metadata['about']} (default {item.default})" for item in fields(tuning.TuneConfig)
    ]
    return "Settings of the search, for --set or the table [tune] of a file:\n\n" + "\n\n".join(lines)


@cli.group(invoke_without_command=True, epilog=_settings_help())
@click.option(
    "--study", "name", default="", help="Name of the study; one that exists goes on (default: date and time)."
)
@click.option("--data", "sources", multiple=True, metavar="[LAYOUT:]PATH", help="Films, as for train; repeatable.")
@click.option(
    "--preset", type=click.Choice(list(presets.BY_NAME)), help="A usual way to train, which all trials share."
)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings, [tune] included."
)
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="A setting of all trials, "
              "or one of the search (tune.folds=5); repeatable.")  # fmt: skip
@click.option("--init", help="Initial weights, as for train.")
@click.option("--offline", is_flag=True, help="Fetch nothing: the initial weights must be here.")
@click.option("--vary", "varied", multiple=True, metavar="SECTION.KEY=VALUES", help="A searched setting: LOW..HIGH, "
              "LOW..HIGH:log, or a list a,b,c (of lists: a;b,c); repeatable. Default: rate, dropout, optimizer, decay, "
              "batch size, smoothing, head and augmentation.")  # fmt: skip
@click.option("--trials", type=int, help="Configurations to try in all (tune.trials).")
@click.option("--hours", type=float, help="Begin no trial after so many hours (tune.hours).")
@click.option("--seeds", type=int, help="Trainings of the best configuration at the end (tune.seeds).")
@click.option("--devices", type=Devices(), help="GPUs, or other devices of JAX, that share each batch of a trial "
              "(run.devices); each of several --workers has a part of the GPUs.  [default: all]")  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that train trials."
)
@click.pass_context
def tune(
    click_context: click.Context, name: str, sources: tuple[str, ...], preset: str | None, config_file: Path | None,
    assignments: tuple[str, ...], init: str | None, offline: bool, varied: tuple[str, ...], trials: int | None,
    hours: float | None, seeds: int | None, devices: int | None, workers: int,
) -> None:  # fmt: skip
    """Search for good settings by validation films; test films are evaluated once, at the end.

    Each trial is an ordinary run. The same command with --study NAME goes on with a study that was stopped; started
    elsewhere on the same folder, it adds a worker.

    \b
    Examples:
      cxrtui tune --headless --data films/ --init random --trials 30
      cxrtui tune --headless --data films/ --vary optim.learning_rate=1e-5..0.01:log
      cxrtui tune --headless --data films/ --vary optim.name=adam,sgd --workers 2
      cxrtui tune --headless --data films/ --init random --set tune.folds=5
      cxrtui tune --headless --study tune-20260101-120000 --trials 60
      cxrtui tune show tune-20260101-120000
      cxrtui tune best tune-20260101-120000 > cxrtui.toml
    """
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.find_object(Context)  # type: ignore[assignment]
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    from cxrtui.search import study as studies

    if context.json:
        raise UsageError("A search prints no JSON; leave out --json, and see it with: cxrtui tune show STUDY --json")
    if devices is not None:
        assignments = (*assignments, f"run.devices={devices}")
    limits = {"trials": trials, "hours": hours, "seeds": seeds}
    given = bool(sources or preset or config_file or assignments or init or varied)
    known = _known(context, name)
    if name and known is None and not given:
        studies.find_study(context.workspace.checkpoints, name)  # it says which studies there are
    if known is not None and not given:
        study = known
        study.extend(trials=trials, hours=hours, seeds=seeds)
    else:
        plan = _plan(context, sources, preset, config_file, assignments, init, varied, limits)
        if known is not None:
            studies.same_search(known.read(), plan)
            study = known
            study.extend(trials=trials, hours=hours, seeds=seeds)
        else:
            try:
                study = studies.new_study(context.workspace.checkpoints, name, plan)
            except studies.TakenError:  # the same command, begun at the same moment, was faster
                study = studies.find_study(context.workspace.checkpoints, name)
                studies.same_search(study.read(), plan)
    if not context.headless and has_terminal():
        from cxrtui.tui.routes import OpenTune

        open_dashboard(context, tune=OpenTune(study, workers))
    from cxrtui.console import tune as console

    sys.exit(console.search(study, workers))


def _known(context: Context, name: str) -> Study | None:
    """Return the study of this name, if there is one."""
    from cxrtui.search import study as studies

    folder = context.workspace.checkpoints / name
    return studies.Study(folder.absolute()) if name and studies.is_study(folder) else None


def _plan(
    context: Context, sources: tuple[str, ...], preset: str | None, config_file: Path | None,
    assignments: tuple[str, ...], init: str | None, varied: tuple[str, ...], limits: Mapping[str, Any],
) -> Plan:  # fmt: skip
    """Return the plan of a new study, after a check of films, weights and every combination of extreme values."""
    from cxrtui.search.plan import Plan, with_whole_paths
    from cxrtui.weights import shelf

    flags: dict[str, Any] = {}
    if sources:
        flags["data.source"] = sources
    if init:
        flags["model.init"] = init
    own, shared = tuning.parted(config.parse_assignments(assignments))
    files = [(file, config.read_toml(file, pipe=file is config_file)) for file in _files(context, config_file)]
    content = files[-1][1] if config_file else None
    base = absolute_settings(context.settings(config_file, [f"{key}={value}" for key, value in shared.items()], flags,
                                              preset, content), context.workspace)  # fmt: skip
    if not base.data.source:
        raise UsageError("Nothing to train on; name the films with --data FOLDER.")
    need_films(base.data.source)
    layers = [tuning.of_file(content, file) for file, content in files]
    tune_config = tuning.TuneConfig()
    for values in (
        *(values for values, _ in layers),
        own,
        {key: value for key, value in limits.items() if value is not None},
    ):
        tune_config = tuning.with_values(tune_config, values)
    space = tuning.space_of(
        *(vary for _, vary in layers), tuning.parse_vary(varied), pretrained=base.model.init != "random",
        given={config.real_key(key) for key in shared},
    )  # fmt: skip
    space = tuple(with_whole_paths(item, context.workspace.models) for item in space)

    def check(settings: config.Config) -> None:
        shelf.check(settings.model.init, settings.model.width, settings.model.stages)

    check_space(base, space, check)
    return Plan(tune_config, base, space)


def _files(context: Context, config_file: Path | None) -> list[Path]:
    workspace = context.workspace.config_file
    return [*([workspace] if is_there(workspace) else []), *([config_file] if config_file else [])]


def _found(context: Context, name: str) -> Study:
    from cxrtui.search import study as studies

    return studies.find_study(context.workspace.checkpoints, name)


@tune.command()
@click.argument("study")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_context
def show(context: Context, study: str, as_json: bool) -> None:
    """Show a study: its trials, the best first, what decides, and what the best configuration reached.

    \b
    Examples:
      cxrtui tune show tune-20260101-120000
      cxrtui tune show tune-20260101-120000 --json
    """
    from cxrtui.console import tune as console

    console.show(_found(context, study), as_json)


@tune.command()
@click.argument("study")
@pass_context
def best(context: Context, study: str) -> None:
    """Print the configuration of the best trial as TOML.

    \b
    Example:
      cxrtui tune best tune-20260101-120000 > cxrtui.toml
    """
    from cxrtui.console import tune as console

    console.print_best(_found(context, study))


@tune.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@pass_context
def list_(context: Context, as_json: bool) -> None:
    """List the studies of the workspace.

    \b
    Example:
      cxrtui tune list
    """
    from cxrtui.console import tune as console
    from cxrtui.search.study import all_studies

    console.list_studies(all_studies(context.workspace.checkpoints), as_json)


@tune.command()
@click.argument("study")
@pass_context
def stop(context: Context, study: str) -> None:
    """Ask all workers of a study, on every machine, to stop; trials under way go on later from their checkpoints.

    \b
    Example:
      cxrtui tune stop tune-20260101-120000
    """
    from cxrtui.search.worker import at_work

    found = _found(context, study)
    found.stop()
    here = at_work(found)
    who = f"The {here} worker{'s' if here > 1 else ''} here" if here else "No worker is at work here; others, if any,"
    click.echo(f"{who} will stop study {found.name} with a checkpoint; go on with: cxrtui tune --study {found.name}",
               err=True)  # fmt: skip


@tune.command()
@click.argument("study")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_context
def delete(context: Context, study: str, yes: bool) -> None:
    """Delete a study's journal and result; the runs of its trials stay.

    \b
    Example:
      cxrtui tune delete tune-20260101-120000
    """
    from cxrtui.search import study as studies
    from cxrtui.search.worker import at_work

    found = _found(context, study)
    if at_work(found):
        raise UsageError(f"Study {found.name} is being worked on; stop it first: cxrtui tune stop {found.name}")
    if not agreed(f"Delete study {found.name} for good? The runs of its trials stay.", yes=yes):
        raise ConfigError("Nothing was deleted.")
    studies.delete(found)
