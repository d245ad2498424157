"""A command line as a user would type it, read by click without running anything."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cxrtui.cli import cli


def parsed(arguments: Sequence[str]) -> list[str]:
    """The words of the command that `arguments`, without the program's name, are for.

    Raises:
        click.UsageError: the command, an option or an argument is none that there is, or one is missing.
    """
    context, found = cli.make_context("cxrtui", list(arguments)), list[str]()
    while isinstance(context.command, click.Group) and (rest := [*context._protected_args, *context.args]):
        name, below, left = context.command.resolve_command(context, rest)
        assert name is not None
        assert below is not None
        context = below.make_context(name, list(left), parent=context)
        found.append(name)
    return found
