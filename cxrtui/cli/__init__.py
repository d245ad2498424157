"""The command line: reads flags, hands over to the dashboard, the headless runner or a small command.

One module for each family of commands. Nothing heavy is imported before a command needs it: ``cxrtui --help`` never
loads JAX, ``--headless`` never Textual.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback

import click

from cxrtui.cli import data, images, runs, train, weights
from cxrtui.cli.group import cli
from cxrtui.console import terminal
from cxrtui.disk import refusal
from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.import_guard import contain

__all__ = ["cli", "data", "images", "main", "runs", "train", "weights"]


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
        try:
            answer = cli.main(standalone_mode=False)
        finally:
            sys.stdout.flush()  # here, where what a full disk says can be told
        sys.exit(answer)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except BrokenPipeError:
        _abandon_stdout()
        sys.exit(1)  # as click does
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
        _abandon_stdout()
        if isinstance(error, OSError) and (why := refusal(error)):
            place = error.filename or "What this prints to"
            click.echo(f"cxrtui: {place} cannot be used ({why.reason}); {why.remedy}.", err=True)
            sys.exit(UsageError.exit_code)
        click.echo(f"cxrtui: a fault of ours, {type(error).__name__}: {error}; --debug shows where.", err=True)
        sys.exit(1)


def _abandon_stdout() -> None:
    """Give Python, which flushes it once more at the end, something that it can flush to, where stdout fails."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
