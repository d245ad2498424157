"""Questions of commands that delete."""

from __future__ import annotations

import sys

import click

from cxrtui.errors import UsageError


def agreed(question: str, *, yes: bool) -> bool:
    """Return whether the user agrees; with `yes` nobody is asked.

    Raises:
        UsageError: standard input, which is no terminal, ended without an answer, as in a job of cron.
    """
    if yes:
        return True
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin is not None and sys.stdin.isatty():
            raise  # Ctrl-C
        click.echo(err=True)
        raise UsageError("Nothing was deleted, for nobody answered; --yes deletes without asking.") from None
