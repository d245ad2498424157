"""The command line reads flags and calls the dashboard, the headless runner or a small command.

Each family of commands has one module. Nothing heavy is imported before a command needs it: ``cxrtui --help`` never
loads JAX, and ``--headless`` never loads Textual.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback

import click

from cxrtui import leaving
from cxrtui.cli import bin, data, export, images, report, runs, steer, train, tune, weights
from cxrtui.cli.group import cli
from cxrtui.collector import collect_seldom
from cxrtui.console import terminal
from cxrtui.disk import refusal
from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.import_guard import contain

__all__ = ["bin", "cli", "data", "export", "images", "main", "report", "runs", "steer", "train", "tune", "weights"]


def main() -> None:
    """Run the command line; a `CxrtuiError` becomes one sentence on stderr and its exit code."""
    collect_seldom()
    contain()
    debug = "--debug" in sys.argv  # read before click parses the flags, because that may fail
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for a terminal whose encoding is not UTF-8
    try:
        with terminal.guarded():
            _run(debug)
    except SystemExit as ending:
        leaving.end_if_busy(ending.code if isinstance(ending.code, int) else 0)
        raise


def _run(debug: bool) -> None:
    try:
        try:
            answer = cli.main(standalone_mode=False)
        finally:
            sys.stdout.flush()  # here, so that the error of a full disk is reported below
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
    """Replace stdout by the null device if it fails, because Python flushes it once more at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
