"""The click group of all commands: its own flags, and functions that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cxrtui import RESEARCH_ONLY, __version__
from cxrtui.console.terminal import raw
from cxrtui.errors import ConfigError, UsageError
from cxrtui.files import is_there
from cxrtui.settings import config
from cxrtui.workspace import Workspace, expand

if TYPE_CHECKING:
    from cxrtui.settings.config import Config

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
class Context:
    """The values of the group's own flags."""

    workspace: Workspace
    headless: bool
    debug: bool

    def settings(self, config_file: Path | None, assignments: Sequence[str], flags: dict[str, Any]) -> Config:
        """Return the configuration: workspace file, then ``--config``, ``--set`` and `flags`; the last one wins."""
        workspace = self.workspace.config_file
        return config.resolve(
            config.read_file(workspace) if is_there(workspace) else {},
            config.read_file(config_file, pipe=True) if config_file else {},
            config.parse_assignments(assignments),
            flags,
        )


pass_context = click.make_pass_decorator(Context)


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
    context.obj = Context(Workspace(expand(workspace).absolute()), headless, debug)
    if context.invoked_subcommand is None:
        if headless:
            raise UsageError("--headless needs a command, for example: cxrtui --headless train --data FOLDER")
        open_dashboard(context.obj)


def need_terminal() -> None:
    """Make sure that there is a terminal to open a screen on.

    Raises:
        UsageError: stdin or stdout is not a terminal.
    """
    if not (sys.stdin.isatty() and raw(sys.stdout).isatty()):
        raise UsageError("The dashboard needs a terminal; use cxrtui --headless train in a script.")


def open_dashboard(context: Context, **opened: Any) -> None:
    """Show the dashboard, with the arguments of `run_app`, and exit with its exit code."""
    need_terminal()
    from cxrtui.weights import hub

    hub.catalogue()  # an error in the catalogue is reported before the dashboard takes the terminal
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
