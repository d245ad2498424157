"""The form in writing: the command line and the TOML file that mean the same. This module has no widgets."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from cxrtui.errors import ConfigError
from cxrtui.files import read_text, write_atomic
from cxrtui.settings.config import ALIASES, Config
from cxrtui.settings.field import plain
from cxrtui.settings.listing import SETTINGS, Setting
from cxrtui.workspace import Workspace

_FLAGS = ("data.source", "model.init")
_MOST = 1 << 20  # bytes of a file that settings are merged into


def differing(config: Config, base: Config) -> list[Setting]:
    """Return the settings whose values differ between two configurations, in the order of the file."""
    return [item for item in SETTINGS if item.value(config) != item.value(base)]


def command(
    config: Config, base: Config, workspace: Workspace, name: str = "", *, detach: bool = False,
    verb: Sequence[str] = ("train",),
) -> list[str]:  # fmt: skip
    """Return the words of the command that starts the same run.

    Args:
        config: of the run.
        base: the settings that the command has without options, which are those of the workspace.
        workspace: of the run; it is named if it is not the current folder.
        name: of the run, or empty.
        detach: whether the run is to be a process of its own.
        verb: the command and its first options.
    """
    words = ["cxrtui"]
    if workspace.root.absolute() != Path.cwd():
        words += ["--workspace", str(workspace.root.absolute())]
    words += verb
    changed = {item.key: item for item in differing(config, base)}
    if "data.source" in changed:
        words += [word for source in config.data.source for word in ("--data", source)]
    if "model.init" in changed:
        words += ["--init", config.model.init]
    for key, item in changed.items():
        if key not in _FLAGS:
            words += ["--set", f"{key}={item.text(config)}"]
    words += ["--run", name] if name else []
    return words + (["--detach"] if detach else [])


def one_line(words: list[str]) -> str:
    """Return a command as one line for a shell."""
    return shlex.join(words)


def many_lines(words: list[str]) -> str:
    r"""Return a command for a shell with each option on a line of its own; ``\`` continues a line."""
    lines: list[list[str]] = [[]]
    begun = False
    for word in words:
        begun = begun or word in ("train", "evaluate")
        if begun and word.startswith("--"):
            lines.append([])
        lines[-1].append(word)
    return " \\\n  ".join(map(shlex.join, lines))


def toml(config: Config, into: str = "") -> str:
    """Return the settings that are not at their defaults as TOML.

    Args:
        config: of the run.
        into: an earlier file, whose comments and order are kept; a setting of it that is at its default is taken out.

    Raises:
        ConfigError: `into` is not TOML.
    """
    try:
        document = tomlkit.parse(into)
    except (TOMLKitError, RecursionError, ValueError) as error:
        raise ConfigError(f"What is there is no TOML file: {error}.") from None
    for alias in ALIASES:
        _take_out(document, alias)
    default = Config()
    for item in SETTINGS:
        value, (section, _, name) = item.value(config), item.key.partition(".")
        if value == item.value(default):
            _take_out(document, item.key)
            continue
        if not isinstance(document.get(section), dict):
            document[section] = tomlkit.table()
        table: Any = document[section]
        shown = plain(value, item.table)
        if isinstance(shown, dict):
            inline = tomlkit.inline_table()
            inline.update(shown)
            shown = inline
        table[name] = shown
    return tomlkit.dumps(document)


def _take_out(document: Any, key: str) -> None:
    section, _, name = key.partition(".")
    if isinstance(document.get(section), dict):
        document[section].pop(name, None)


def save(path: Path, config: Config) -> None:
    """Write the settings that are not at their defaults to `path`; comments of a file that is there are kept.

    Raises:
        ConfigError: the file that is there is not TOML, or the disk refuses.
    """
    try:
        before = read_text(path, _MOST)
    except FileNotFoundError:
        before = ""
    except (OSError, ValueError) as error:
        raise ConfigError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    try:
        write_atomic(path, toml(config, before))
    except OSError as error:
        raise ConfigError(f"Cannot write {path}: {error.strerror or error}.") from None
