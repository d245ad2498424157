"""The command line: reads flags, hands over to the dashboard, the headless runner or a small command.

One module for each family of commands. Nothing heavy is imported before a command needs it: ``cxrtui --help`` never
loads JAX, ``--headless`` never Textual.
"""

from __future__ import annotations

import io
import sys
import traceback

import click

from cxrtui import terminal
from cxrtui.cli import data, judge, steer, train, weights
from cxrtui.cli.group import cli
from cxrtui.errors import CxrtuiError
from cxrtui.imports import contain

__all__ = ["cli", "data", "judge", "main", "steer", "train", "weights"]


def main() -> None:
    """Run the command line; an error of ours is one sentence on stderr and its exit code."""
    contain()
    debug = "--debug" in sys.argv  # known before click has read it, for an error in that very reading
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding than UTF-8
    with terminal.guarded():
        _run(debug)


def _run(debug: bool) -> None:
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        click.echo(text.getvalue(), err=True, nl=False)
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
