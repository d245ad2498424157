"""Writes a configuration as TOML. `settings` reads it with the standard library alone, so the writer lies above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable
from tomlkit.toml_document import TOMLDocument

from cxrtui.errors import ConfigError
from cxrtui.settings import config
from cxrtui.settings.config import Config


def add_settings(document: TOMLDocument, settings: Config, *, explained: bool = False) -> None:
    """Add a table for each section to `document`; `explained`: with a comment beside each setting on what it is."""
    for section, body in settings.as_dict().items():
        table = tomlkit.table()
        for key, value in body.items():
            table.add(key, _inline(value) if isinstance(value, dict) else value)
            if explained:
                table[key].comment(config.about(f"{section}.{key}"))
        document.add(section, table)


def _inline(value: Mapping[str, Any]) -> InlineTable:
    """Return a setting that is a table as an inline table, so that its comment fits on the same line."""
    table = tomlkit.inline_table()
    table.update(value)
    return table


def with_values(where: str, text: str, values: Mapping[str, Any]) -> str:
    """Return the TOML `text` with ``{"section.key": value}`` put into it; comments and order stay.

    Raises:
        ConfigError: `text` is not TOML, or has another thing in the place of a section; the message names `where`.
    """
    try:
        document: Any = tomlkit.parse(text)
    except (TOMLKitError, RecursionError, ValueError) as error:
        raise ConfigError(f"{where} is not a TOML file: {error}; correct it first.") from None
    for key, value in values.items():
        section, _, name = key.partition(".")
        if section not in document:
            document[section] = tomlkit.table()
        if not isinstance(document[section], dict):
            raise ConfigError(f"{where} has no table [{section}] but a value of that name; correct it first.")
        document[section][name] = value
    return tomlkit.dumps(document)
