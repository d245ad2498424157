"""The flags that every command takes, before it and after it: ``--workspace``, ``--headless``, ``--json``, ``--debug``.

They are added in this one place, by the classes of the commands. Of two values the later one counts. A command that
prints JSON has its own ``--json``, whose help says what it prints; for the others the flag is an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cxrtui.errors import UsageError
from cxrtui.files import is_there, is_url
from cxrtui.settings import config, presets
from cxrtui.workspace import Workspace, expand

if TYPE_CHECKING:
    from cxrtui.settings.config import Config


@dataclass(frozen=True)
class Context:
    """The values of the flags that every command takes."""

    workspace: Workspace
    headless: bool = False
    debug: bool = False
    json: bool = False

    def settings(
        self, config_file: Path | None, assignments: Sequence[str], flags: dict[str, Any], preset: str | None = None,
        content: Mapping[str, Any] | None = None,
    ) -> Config:  # fmt: skip
        """Return the configuration: workspace file, `preset`, ``--config``, ``--set``, `flags`; the last wins.

        `content` is that of the file, if it was read before; a pipe can be read once.
        """
        if config_file and content is None:
            content = config.read_toml(config_file, pipe=True)
        workspace = self.workspace.config_file
        return config.resolve(
            config.read_file(workspace) if is_there(workspace) else {},
            presets.values_of(preset) if preset else {},
            config.flatten(content or {}, str(config_file)),
            config.parse_assignments(assignments),
            flags,
        )


def _take(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Put the value of a flag that was given into the context of its command, which those below inherit."""
    assert option.name is not None
    if context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
        given: dict[str, Any] = {option.name: value}
        if option.name == "workspace":
            _check_local(value)
            given = {"workspace": Workspace(expand(value).absolute())}
        context.obj = dataclasses.replace(context.find_object(Context) or _unset(), **given)


def _check_local(workspace: str) -> None:
    """Refuse a workspace that no disk has.

    Raises:
        UsageError: it is a URL.
    """
    if is_url(workspace):
        raise UsageError(
            f"A workspace is a folder on a disk, for a run needs a lock, a control file and a log that grows, which "
            f"{workspace} cannot give. Leave out --workspace; --set run.mirror={workspace} copies a run there."
        )


def _unset() -> Context:
    return Context(Workspace(Path().absolute()))


def _flags(hidden: bool) -> list[click.Parameter]:
    """Return the flags; those of a command are hidden, because the help of the program says what they do."""
    how: dict[str, Any] = {"callback": _take, "expose_value": False, "hidden": hidden}
    return [
        click.Option(
            ["--workspace"], type=click.Path(file_okay=False),
            help="Folder of checkpoints/ and models/ (default: this one).", **how,
        ),
        click.Option(["--headless"], is_flag=True, help="No screen: progress on stderr, data on stdout.", **how),
        click.Option(["--json"], is_flag=True, help="Print JSON, if the command prints data.", **how),
        click.Option(["--debug"], is_flag=True, help="Show the traceback of an error.", **how),
    ]  # fmt: skip


class _Shared(click.Command):
    """A command with the flags above."""

    is_program = False
    """Whether this is ``cxrtui`` itself, whose help says what the flags do."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, and those flags that it does not have itself."""
        own = super().get_params(ctx)
        taken = {text for param in own for text in param.opts}
        flags = [flag for flag in _flags(hidden=not self.is_program) if not taken & set(flag.opts)]
        return [*flags, *own] if self.is_program else [*own, *flags]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; a ``--json`` that was given before the command counts as its own."""
        if self.is_program and ctx.obj is None:
            ctx.obj = _unset()
        rest = super().parse_args(ctx, args)
        shared = ctx.find_object(Context)
        if shared is None or not shared.json or ctx.resilient_parsing or isinstance(self, click.Group):
            return rest
        own = next((param for param in self.params if "--json" in param.opts), None)
        if not isinstance(own, click.Option) or own.name is None:
            raise UsageError(f"{ctx.command_path} prints no JSON; leave out --json.")
        if ctx.get_parameter_source(own.name) is not ParameterSource.COMMANDLINE:
            ctx.params[own.name] = own.flag_value if isinstance(own.flag_value, str) else True
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and a line that names the flags."""
        super().format_options(ctx, formatter)
        if not self.is_program:
            formatter.write_paragraph()
            formatter.write_text(
                "Every command also takes --workspace DIR, --headless, --json and --debug; see cxrtui --help."
            )


class SharedCommand(_Shared):
    """A command that does something."""


class SharedGroup(_Shared, click.Group):
    """A group of commands."""

    command_class = SharedCommand


SharedGroup.group_class = SharedGroup


class Program(SharedGroup):
    """The group of all commands."""

    is_program = True
