"""The commands ``train``, ``attach``, ``demo`` and ``doctor``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cxrtui.cli.group import Context, cli, need_terminal, open_dashboard, pass_context
from cxrtui.cli.parameters import Devices
from cxrtui.cli.starting import settings_to_resume, settings_to_start
from cxrtui.errors import UsageError
from cxrtui.files import is_url
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import find_run, new_run
from cxrtui.settings import presets
from cxrtui.settings.listing import SETTINGS

if TYPE_CHECKING:
    from cxrtui.runs.hosts import Place
    from cxrtui.settings.config import Config


_PRESETS = "Presets:\n\n" + "\n\n".join(f"{item.name}: {item.about}" for item in presets.PRESETS)


@cli.command(epilog=_PRESETS)
@click.option(
    "--data",
    "sources",
    multiple=True,
    metavar="[LAYOUT:]PATH",
    help="Films: a folder, a CSV manifest, a URL of either or tfds:NAME; repeat the option to join several sources.",
)
@click.option("--preset", type=click.Choice(list(presets.BY_NAME)), help="A usual way to train (see below); --config, "
              "--set and other options change it.")  # fmt: skip
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of settings.")
@click.option("--set", "assignments", multiple=True, metavar="SECTION.KEY=VALUE", help="One setting; repeatable.")
@click.option("--init", help="Initial weights: imagenet (default), random, a name on the shelf, a file. Published "
              "weights (cxrtui weights list) are fetched at their first use.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Fetch nothing: the initial weights must be here (as HF_HUB_OFFLINE=1).")
@click.option("--run", "name", default="", help="Name of the new run (default: date and time).")
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped or killed; a URL "
              "(run.mirror) is fetched first.")  # fmt: skip
@click.option("--step", type=int, help="With --resume: go back to the checkpoint of this step; later ones are dropped.")
@click.option("--devices", type=Devices(), help="GPUs, or other devices of JAX, that share each batch equally; with "
              "--resume too (as run.devices).  [default: all]")  # fmt: skip
@click.option("--profile", type=click.IntRange(1, 1000), metavar="N", help="Write N steps of the first epoch as a "
              "trace of jax.profiler, into profile/ of the run (as run.profile).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the run's events on stdout, one JSON object a line.")
@click.option("--coordinator", metavar="HOST:PORT", help="Train on several hosts: where process 0 waits for the "
              "others. Slurm, Open MPI and Kubernetes need no such options.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1), metavar="N", help="With --coordinator: how many there are.")
@click.option("--process", type=click.IntRange(0), metavar="I", help="With --coordinator: the number of this one, "
              "from 0.")  # fmt: skip
@click.option("--restarts", type=click.IntRange(0), default=0, metavar="N", help="Go on from the checkpoint up to N "
              "times if the training process of a host dies.")  # fmt: skip
@click.option("--detach", is_flag=True, help="Start the run as a process of its own and return.")
@click.option(
    "--settings",
    "list_settings",
    is_flag=True,
    help="List every setting: its value, its limits, and whether it was changed; then stop.",
)
@pass_context
def train(
    context: Context, sources: tuple[str, ...], preset: str | None, config_file: Path | None,
    assignments: tuple[str, ...], init: str | None, offline: bool, name: str, resume: str | None, step: int | None,
    devices: int | None, profile: int | None, as_json: bool, detach: bool, list_settings: bool,
    coordinator: str | None, processes: int | None, process: int | None, restarts: int,
) -> None:  # fmt: skip
    """Train a classifier: in the dashboard, or without a screen with --headless.

    Several hosts train one run together if each of them starts this command with --headless and the same --run NAME, by
    srun or mpirun, or with --coordinator.

    \b
    Examples:
      cxrtui train --data films/
      cxrtui train --data films/ --init random
      cxrtui --headless train --data films/ --init weights.safetensors --set optim.epochs=40
      cxrtui train --data ieee8023/ --data hannover:other/ --init random
      cxrtui --headless train --resume 20260101-120000 --json
      cxrtui train --resume 20260101-120000 --data where/the/films/lie/now/
      cxrtui train --data films/ --preset gradual --set optim.epochs=20
      cxrtui --headless train --data films/ --profile 10
      cxrtui --headless train --data films/ --run first --restarts 3
      cxrtui --headless train --data films/ --run first --coordinator node1:7890 --processes 2 --process 0
    """
    if list_settings:
        _list_settings(context.settings(config_file, assignments, {}, preset))
        return
    if offline:
        os.environ["HF_HUB_OFFLINE"] = "1"  # for this process and those that it starts
    run: Run | None = None
    place = _place(context.headless or as_json, coordinator, processes, process, restarts, detach)
    if place is not None and place.processes > 1 and not (name or resume):
        raise UsageError("A run on several hosts needs a name, the same on all of them: give --run NAME.")
    if resume:
        if preset or config_file or assignments or init or name or profile:
            raise UsageError(
                "A resumed run keeps its own configuration; give --resume alone (with --data where its films have "
                "moved, with --devices for other devices), or start a new run."
            )
        if is_url(resume) and place is not None and place.processes > 1:
            raise UsageError(f"Bring the run to the folder of the hosts first: cxrtui runs fetch {resume}")
        run = _fetched(context, resume) if is_url(resume) else find_run(context.workspace.checkpoints, resume)
        settings = settings_to_resume(run, sources, devices)
        if step is not None:
            if place is not None and place.process:
                raise UsageError("--step is for one process: give it to cxrtui alone first, and stop that run.")
            _go_back(run, step)
        elif summary(run).status == "finished":
            click.echo(f"Run {run.name} is finished; there is nothing to resume.", err=True)
            return
    else:
        if step is not None:
            raise UsageError("--step says where to go on from; give it with --resume RUN.")
        if profile:
            assignments = (*assignments, f"run.profile={profile}")
        if devices is not None:
            assignments = (*assignments, f"run.devices={devices}")
        settings = settings_to_start(context, preset, config_file, assignments, sources, init)
        if place is not None and place.process:
            run = _shared_run(context, name)
    if detach:
        _detach(run or new_run(context.workspace.checkpoints, name), settings, resume=bool(resume))
        return
    screen = not (context.headless or as_json)
    if screen:
        need_terminal()
    run = run or new_run(context.workspace.checkpoints, name)
    if not screen:
        from cxrtui.console import headless, hosts

        if place is not None:
            sys.exit(hosts.train(run, settings, place, resume=bool(resume), restarts=restarts, as_json=as_json,
                                 debug=context.debug))  # fmt: skip
        code = headless.train(run, settings, resume=bool(resume), as_json=as_json, debug=context.debug)
        sys.exit(code)
    # Without --data, the dashboard can ask the user where the films of a resumed run are now.
    own = resume and not sources and devices is None
    open_dashboard(context, launch=None if own else settings, attach=run, resume=bool(resume))


def _fetched(context: Context, url: str) -> Run:
    """Return the run that ``run.mirror`` copied to `url`, brought into the workspace."""
    from cxrtui.training.mirror import fetch

    run = fetch(url, context.workspace.checkpoints)
    click.echo(f"Run {run.name} is in {run.folder} now.", err=True)
    return run


def _place(
    headless: bool, coordinator: str | None, processes: int | None, process: int | None, restarts: int, detach: bool
) -> Place | None:
    """Return the place of this process among those of several hosts; None if it trains alone and without restarts."""
    if not headless:
        if coordinator or restarts:
            raise UsageError("A run on several hosts, or with --restarts, has no screen: begin with cxrtui --headless, "
                             "and watch it with: cxrtui attach RUN")  # fmt: skip
        return None
    from cxrtui.console import hosts
    from cxrtui.runs.hosts import Place

    place = hosts.place_of(coordinator, processes, process) or (Place() if restarts else None)
    if place is not None and detach:
        raise UsageError("--detach is for one process; a run on several hosts goes on as long as those who started it.")
    return place


def _shared_run(context: Context, name: str) -> Run:
    """Return the new run that the first of several hosts makes, once it has."""
    from cxrtui.console import hosts

    folder = context.workspace.checkpoints / name
    hosts.wait_for_folder(folder)
    return Run(folder.resolve())


def _go_back(run: Run, step: int) -> None:
    """Let `run` go on from an older checkpoint; the later ones are removed once a new one is saved."""
    from cxrtui.weights import states

    lock = run.acquire()
    try:
        states.go_back(run.state, step)
    finally:
        lock.release()


def _detach(run: Run, settings: Config, *, resume: bool) -> None:
    from cxrtui.process import parent

    parent.detach(run, settings, resume=resume)
    word = advice.named(run)
    click.echo(run.name)
    click.echo(
        f"Run {run.name} goes on by itself; watch it with: cxrtui attach {word}; stop it with: cxrtui runs stop {word}",
        err=True,
    )


def _list_settings(settings: Config) -> None:
    """Print every setting with its value, meaning and limits, and with its default if it was changed."""
    for item in SETTINGS:
        changed = item.value(settings) != item.default
        words = [item.about, item.allowed, f"default {item.default_text or 'nothing'}" if changed else ""]
        mark = "*" if changed else " "
        click.echo(f"{item.key + '=' + item.text(settings):<36} {mark} {' · '.join(filter(None, words))}")
    click.echo("* changed from its default", err=True)


@cli.command()
@click.argument("run")
@pass_context
def attach(context: Context, run: str) -> None:
    """Watch and steer a run that another process trains, or replay a finished one.

    \b
    Examples:
      cxrtui attach 20260101-120000
      cxrtui attach /scratch/checkpoints/20260101-120000
    """
    open_dashboard(context, attach=find_run(context.workspace.checkpoints, run))


@cli.command()
def doctor() -> None:
    """Show what cxrtui finds on this machine: devices, memory, versions and terminal.

    \b
    Example:
      cxrtui doctor
    """
    from cxrtui.console.doctor import print_doctor

    print_doctor()


@cli.command()
@pass_context
def demo(context: Context) -> None:
    """Train on synthetic phantoms and classify some of them; this takes minutes on a CPU.

    \b
    Example:
      cxrtui --workspace /tmp/demo demo
    """
    from cxrtui.console import demo as demonstration

    sys.exit(demonstration.run(context.workspace))
