"""The click group of all commands, and functions that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from cxrtui import RESEARCH_ONLY, __version__
from cxrtui.cli.shared import Context, Program
from cxrtui.console.terminal import raw
from cxrtui.errors import ConfigError, UsageError
from cxrtui.import_guard import uncollected
from cxrtui.settings import config

__all__ = ["Context", "cli", "data_settings", "has_terminal", "need_terminal", "open_dashboard", "pass_context"]

_EXAMPLES = f"""
\b
Examples:
  cxrtui                                      open the dashboard
  cxrtui demo                                 train on synthetic phantoms, classify some
  cxrtui train --data films/ --init random    train, and watch it in the dashboard
  cxrtui train --headless --data films/ --init random --set data.positive=COVID-19 --set data.negative=Normal
  cxrtui attach RUN                           watch a run of another process
  cxrtui classify RUN film.png --json

\b
Exit codes: 0 done, 1 a fault of ours, 2 usage or config, 3 the data, 4 weights or checkpoint,
5 stopped on request with a checkpoint saved, 6 an evidence gate refused.

{RESEARCH_ONLY}
"""


pass_context = click.make_pass_decorator(Context)


@click.group(
    cls=Program, invoke_without_command=True, epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(__version__, prog_name="cxrtui")
@click.pass_context
def cli(context: click.Context) -> None:
    """Train and question COVID-19 classifiers on labelled chest X-rays. Without a command: the dashboard.

    The options below are taken before a command and after it.
    """
    if context.invoked_subcommand is None:
        shared: Context = context.obj
        if shared.headless or shared.json:
            flag, example = ("--headless", "train --data FOLDER") if shared.headless else ("--json", "runs list")
            raise UsageError(f"{flag} needs a command, for example: cxrtui {flag} {example}")
        open_dashboard(shared)


def has_terminal() -> bool:
    """Return whether there is a terminal to open a screen on."""
    return sys.stdin.isatty() and raw(sys.stdout).isatty()


def need_terminal() -> None:
    """Make sure that there is a terminal to open a screen on.

    Raises:
        UsageError: stdin or stdout is not a terminal.
    """
    if not has_terminal():
        raise UsageError("The dashboard needs a terminal; use cxrtui --headless train in a script.")


def open_dashboard(context: Context, **opened: Any) -> None:
    """Show the dashboard, with the arguments of `run_app`, and exit with its exit code.

    Raises:
        UsageError: there is no terminal, or ``--headless`` was given.
    """
    if context.headless:
        raise UsageError("This opens the dashboard, which is a screen; leave out --headless, or use: cxrtui runs show")
    need_terminal()
    from cxrtui.weights import hub

    hub.catalogue()  # an error in the catalogue is reported before the dashboard takes the terminal
    with uncollected():
        from cxrtui.tui.app import run_app

    sys.exit(run_app(context.workspace, **opened))


def data_settings(assignments: Sequence[str], command: str) -> dict[str, str]:
    """Return the values of ``--set`` for a command that takes only settings of the data.

    Raises:
        ConfigError: a setting of another section is named.
    """
    values = config.parse_assignments(assignments)
    if other := [key for key in values if not key.startswith("data.")]:
        raise ConfigError(f"{command} takes only settings of the data, not {other[0]}.")
    return values
