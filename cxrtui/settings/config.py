"""The configuration of a run: frozen sections that are read from TOML and ``section.key=value`` with every key checked.

Precedence, highest first: a command-line flag, ``--set section.key=value``, ``--config FILE.toml``, ``--preset NAME``
(`presets`), the workspace's ``cxrtui.toml``, the defaults of `sections`. An unknown key is a `ConfigError` that names
the nearest known one.
"""

from __future__ import annotations

import errno
import functools
import re
import shlex
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path, PurePath
from typing import Any

from cxrtui.errors import ConfigError, CxrtuiError
from cxrtui.files import is_there, is_url, read_bytes
from cxrtui.printable import printable
from cxrtui.settings.field import as_text as as_text  # for modules that show a configuration
from cxrtui.settings.field import nearest, plain, value_of
from cxrtui.settings.operating_rule import operating_rule
from cxrtui.settings.sections import FILES
from cxrtui.settings.sections import SECTIONS as SECTIONS
from cxrtui.settings.sections import AugmentConfig as AugmentConfig
from cxrtui.settings.sections import DataConfig as DataConfig
from cxrtui.settings.sections import ModelConfig as ModelConfig
from cxrtui.settings.sections import OptimConfig as OptimConfig
from cxrtui.settings.sections import RunConfig as RunConfig
from cxrtui.settings.sections import StopConfig as StopConfig
from cxrtui.settings.sections import TrainConfig as TrainConfig
from cxrtui.settings.sharing import check_shares
from cxrtui.settings.transfer import FREEZE_LEVELS as FREEZE_LEVELS
from cxrtui.settings.transfer import check_rates, check_unfreezing, freeze_level_in

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "fish"))
_OF_A_SHELL = frozenset(("|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1"))
_MOST_BYTES = 1 << 24  # of a configuration; a list of every label of a large collection is far shorter


@dataclass(frozen=True)
class Config:
    """All sections."""

    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    stop: StopConfig = field(default_factory=StopConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the sections as plain values for TOML and JSON; tuples become lists or tables."""
        return {
            section: {
                item.name: plain(getattr(getattr(self, section), item.name), item.metadata["limits"].table)
                for item in fields(cls)
            }
            for section, cls in SECTIONS.items()
        }


OF_A_SEARCH = "tune"
"""A table of the same file that only a search reads (`tuning`)."""

# Names of older versions, which configurations, checkpoints and scripts still hold.
ALIASES = {"data.fit": "data.resize_mode"}


def real_key(key: str) -> str:
    """Return the present name of the setting `key`; a key that is not an alias is returned unchanged."""
    return ALIASES.get(key, key)


def named_files(config: Config) -> dict[str, str]:
    """Return the paths of the files that `config` names, by ``section.key``; a key without a file is absent."""
    named = {key: getattr(getattr(config, section), name) for key in FILES for section, _, name in [key.partition(".")]}
    return {key: file for key, file in named.items() if file}


def known_keys() -> list[str]:
    """Return every ``section.key``, in the order of the file."""
    return [f"{section}.{item.name}" for section, cls in SECTIONS.items() for item in fields(cls)]


def about(key: str) -> str:
    """Return the help text of ``section.key``."""
    section, name = real_key(key).split(".", 1)
    return str(next(item for item in fields(SECTIONS[section]) if item.name == name).metadata["about"])


@functools.cache
def _types(section: str) -> dict[str, Any]:
    """Return the types of a section's settings by name; their annotations are text, and are evaluated once."""
    return typing.get_type_hints(SECTIONS[section])


def coerce(key: str, value: Any) -> Any:
    """Return the value of ``section.key`` in its type, checked against its limits; text such as ``a,b`` is parsed.

    `key` may be an alias.

    Raises:
        ConfigError: the key is unknown, or the value is of the wrong type or outside its limits.
    """
    section, _, name = real_key(key).partition(".")
    if section not in SECTIONS or not name:
        raise ConfigError(f"Unknown setting {key[:64]!r}{nearest(key, known_keys())}")
    item = next((item for item in fields(SECTIONS[section]) if item.name == name), None)
    if item is None:
        raise ConfigError(f"Unknown setting {key[:64]!r}{nearest(key, known_keys())}")
    return value_of(key, item.metadata["limits"], _types(section)[name], value)


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """Return `config` with ``{"section.key": value}`` applied, after a check of the whole.

    Raises:
        ConfigError: as `coerce`, or the sections contradict each other.
    """
    sections: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        result = coerce(key, value)
        section, name = real_key(key).split(".", 1)
        sections.setdefault(section, {})[name] = result
    changed = {name: replace(getattr(config, name), **body) for name, body in sections.items()}
    return check(replace(config, **changed))


def check(config: Config) -> Config:
    """Return `config` itself, after a check that its sections agree.

    Raises:
        ConfigError: validation and test leave too little to train on, a class is both positive and negative, freezing
            or rates contradict the rest (`transfer`), films are to be mixed whose features are kept, the stages are not
            four, the devices cannot share the batches, the command cannot be run, the mirror is no URL, or the
            operating point has no rule or no films to be set on.
    """
    if config.data.validation + config.data.test >= 0.95:
        raise ConfigError("data.validation and data.test together must leave at least 5 % of the films to train on.")
    if both := set(config.data.positive) & set(config.data.negative):
        raise ConfigError(f"data.positive and data.negative both name {', '.join(sorted(both))}.")
    model, optim = config.model, config.optim
    check_unfreezing(model.freeze, model.unfreeze, optim.epochs)
    at_last = freeze_level_in(optim.epochs, model.freeze, model.unfreeze)
    check_rates(at_last, optim.learning_rate, optim.head_learning_rate, optim.stage_learning_rates)
    if config.train.views and config.augment.mixup and model.freeze != "none":
        raise ConfigError(
            "train.views keeps what the frozen groups make of single films, and augment.mixup mixes films before these "
            "groups; set one of them to 0."
        )
    if len(config.model.stages) != 4:
        raise ConfigError("model.stages must hold four numbers, for example 3,4,6,3.")
    check_shares(optim.batch_size, config.run.devices or 1, "optim.batch_size")
    _check_command(config.run.notify)
    if config.run.mirror and not is_url(config.run.mirror):
        raise ConfigError(f"run.mirror is a URL such as s3://bucket/runs, not {printable(config.run.mirror)[:64]!r}.")
    rule = operating_rule(config.run.operating_point)
    if rule.needs_films and config.run.evaluate == ("test",):
        raise ConfigError(f"run.operating_point = {printable(config.run.operating_point)} is set on the validation "
                          "films, so that run.evaluate must hold validation.")  # fmt: skip
    return config


def _check_command(command: str) -> None:
    """Check the command of `run.notify`.

    Raises:
        ConfigError: its quotations are open, or it needs a shell and names none.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"run.notify is not a command line ({error}); close its quotations.") from None
    wrong = next((word for word in words if word in _OF_A_SHELL or re.search(r"^\S+;$|^\S*\$\{?CXRTUI_", word)), None)
    if wrong is not None and PurePath(words[0]).name not in _SHELLS:
        raise ConfigError(f"run.notify needs a shell for {printable(wrong)[:64]!r}, and none reads it; write "
                          "sh -c '…' or name a script.")  # fmt: skip


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Return ``["optim.epochs=5"]`` as ``{"optim.epochs": "5"}``.

    Raises:
        ConfigError: one of them has no ``=``.
    """
    values: dict[str, str] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set takes section.key=value, for example optim.epochs=5, not {text!r}.")
        values[key.strip()] = value.strip()
    return values


def flatten(body: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return TOML's ``{section: {key: value}}`` as ``{"section.key": value}``.

    Raises:
        ConfigError: `body` holds something outside a section, or one setting under its older and its present name.
    """
    values: dict[str, Any] = {}
    for section, entries in body.items():
        if section == OF_A_SEARCH:
            continue
        if section not in SECTIONS or not isinstance(entries, Mapping):
            raise ConfigError(f"Unknown section [{printable(section)[:64]}] in {where}{nearest(section, SECTIONS)}")
        values.update({f"{section}.{key}": value for key, value in entries.items()})
    for older, key in ALIASES.items():
        if older in values and key in values:
            raise ConfigError(f"{where} sets both {key} and {older}, its older name; take {older} out.")
    return values


def _piped(path: Path) -> bytes:
    """Return the bytes of the file or pipe at `path`.

    Raises:
        OSError: it cannot be read, or is longer than any configuration, as a device may be.
    """
    with path.open("rb") as stream:
        raw = stream.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is longer than {_MOST_BYTES:,} bytes", str(path))
    return raw


def read_toml(path: Path, *, pipe: bool = False) -> dict[str, Any]:
    """Return the content of a TOML file; with `pipe` it may be a pipe.

    Raises:
        ConfigError: the file is missing, unreadable or not TOML.
    """
    try:
        raw = _piped(path) if pipe else read_bytes(path, _MOST_BYTES)
        return tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"Cannot read the configuration {path}: {error.strerror or error}.") from None
    except RecursionError:
        raise ConfigError(f"{path} is not a configuration: it is nested too deep.") from None
    except ValueError as error:  # it is not TOML or not UTF-8, or has a number of thousands of digits
        raise ConfigError(f"{path} is not a TOML file: {error}.") from None


def read_file(path: Path, *, pipe: bool = False) -> dict[str, Any]:
    """Return the settings of a TOML file as ``{"section.key": value}``, not yet checked; with `pipe` it may be a pipe.

    Raises:
        ConfigError: as `read_toml`, or the file has an unknown section.
    """
    return flatten(read_toml(path, pipe=pipe), str(path))


def resolve(*layers: Mapping[str, Any]) -> Config:
    """Return the configuration from `layers`: workspace file, preset, ``--config``, ``--set``, flags; the last wins."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update({real_key(key): value for key, value in layer.items()})
    return with_values(Config(), merged)


def load_or_default(path: Path) -> tuple[Config, str]:
    """Return the configuration of a file, or the defaults if it is missing or wrong, and the error or ""."""
    try:
        return (load(path) if is_there(path) else Config()), ""
    except CxrtuiError as error:
        return Config(), str(error)


def load(path: Path) -> Config:
    """Return the configuration of a TOML file, with defaults for what it does not set.

    Raises:
        ConfigError: the file cannot be read, or a setting in it is not valid.
    """
    return resolve(read_file(path))
