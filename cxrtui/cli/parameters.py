"""The types of parameters that several commands take, and sets of options that belong together."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class Folder(click.Path):
    """The path of a folder to write into. An empty one is refused: it would be the current folder."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.

        Raises:
            click.BadParameter: it is empty, or a file.
        """
        if not os.fspath(value).strip():
            self.fail("the name of the folder is empty; . is the current folder.", param, ctx)
        return super().convert(value, param, ctx)


class Fraction(click.FloatRange):
    """A number from 0 to 1; NaN, which is neither less nor more than a bound, is refused too."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: it is no number, or not in the range.
        """
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number from 0 to 1.", param, ctx)
        return number


class Devices(click.ParamType):  # type: ignore[type-arg]  # older releases of click take none
    """A number of devices; the word ``all`` is 0."""

    name = "all|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number.

        Raises:
            click.BadParameter: it is neither ``all`` nor a number from 1 on.
        """
        if value == "all":
            return 0
        if isinstance(value, int):
            return value
        if not (value.isascii() and value.isdecimal()) or int(value) < 1:
            self.fail(f"{value!r} is neither all nor a number of devices from 1 on.", param, ctx)
        return int(value)


def options(*added: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds several options to a command, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(added):
            command = option(command)
        return command

    return decorate
