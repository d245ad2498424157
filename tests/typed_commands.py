"""A command line as a user would type it, read by click without running anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from cxrtui.cli import cli


def words_of(line: str) -> list[str]:
    """The words of a typed line, without what the shell does with the output."""
    words = shlex.split(line)
    return words[: words.index(">")] if ">" in words else words


def context_of(arguments: Sequence[str]) -> click.Context:
    """The context of the command that `arguments`, without the program's name, are for.

    Raises:
        click.UsageError: the command, an option or an argument is none that there is, or one is missing.
    """
    context = cli.make_context("cxrtui", list(arguments))
    while isinstance(context.command, click.Group) and (rest := [*_command_words(context), *context.args]):
        name, below, left = context.command.resolve_command(context, rest)
        assert name is not None
        assert below is not None
        context = below.make_context(name, list(left), parent=context)
    return context


def _command_words(context: click.Context) -> list[str]:
    """The first words that are left for a group, which name the command; click 8.2 made their attribute private."""
    attribute = "_protected_args" if hasattr(context, "_protected_args") else "protected_args"
    words: list[str] = getattr(context, attribute)
    return words


def parsed(arguments: Sequence[str]) -> list[str]:
    """The words of the command that `arguments` are for, as `context_of` finds it."""
    return context_of(arguments).command_path.split()[1:]
