"""The settings of a search, the table `[tune]` of a file: how many trials, by what measure, and how they are chosen."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from cxrtui.errors import ConfigError
from cxrtui.settings.config import read_toml
from cxrtui.settings.field import among, between, nearest, setting, value_of
from cxrtui.settings.sections import METRICS
from cxrtui.settings.space import SearchedSetting, default_space, searched

SECTION = "tune"
VARY = "vary"


@dataclass(frozen=True)
class TuneConfig:
    """A search of settings by validation films, for ``cxrtui tune``; a run has none of these."""

    objective: str = setting("auroc", "metric of the validation films that the search improves", among(*METRICS))
    trials: int = setting(30, "number of configurations that are tried", between(1, 100_000))
    hours: float = setting(0.0, "hours after which a worker begins no trial; 0 = no limit", between(0.0, 10_000.0))
    folds: int = setting(
        0, "patient-grouped folds of the films outside test, each validated on once; 0 = the split as it is",
        between(0, 50),
    )  # fmt: skip
    repeats: int = setting(1, "trainings of each trial, with other seeds", between(1, 100))
    sampler: str = setting(
        "tpe", "how settings are chosen: by what was good so far, or at random", among("tpe", "random")
    )
    startup: int = setting(10, "first trials of tpe, which are chosen at random", between(1, 10_000))
    pruner: str = setting(
        "hyperband", "how trials that promise little are ended early", among("hyperband", "halving", "median", "none")
    )
    seed: int = setting(0, "seed of the choice of settings", between(0, 2**31 - 1))
    seeds: int = setting(3, "trainings of the best configuration at the end; 0 = none", between(0, 100))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for TOML and JSON."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def with_values(tune: TuneConfig, values: Mapping[str, Any]) -> TuneConfig:
    """Return `tune` with ``{"trials": 20}`` applied and checked.

    Raises:
        ConfigError: a key is unknown, a value is outside its limits, or there would be one fold.
    """
    known = {item.name: item for item in fields(TuneConfig)}
    types = typing.get_type_hints(TuneConfig)
    changed = {}
    for key, value in values.items():
        if key not in known:
            names = [f"{SECTION}.{name}" for name in known]
            raise ConfigError(f"Unknown setting {f'{SECTION}.{key}'[:64]!r}{nearest(f'{SECTION}.{key}', names)}")
        changed[key] = value_of(f"{SECTION}.{key}", known[key].metadata["limits"], types[key], value)
    made = replace(tune, **changed)
    if made.folds == 1:
        raise ConfigError("tune.folds must be 0, for the split as it is, or at least 2.")
    return made


def parted(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values of ``tune.*``, without that prefix, and all others."""
    prefix = f"{SECTION}."
    own = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    return own, {key: value for key, value in values.items() if not key.startswith(prefix)}


def read_file(path: Path) -> tuple[dict[str, Any], tuple[SearchedSetting, ...]]:
    """Return what `of_file` returns for the TOML file at `path`.

    Raises:
        ConfigError: the file cannot be read, or as `of_file`.
    """
    return of_file(read_toml(path), path)


def of_file(content: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], tuple[SearchedSetting, ...]]:
    """Return the `[tune]` table of a TOML file, not yet checked, and the settings that its `[tune.vary]` searches.

    Args:
        content: of the file.
        path: for messages.

    Raises:
        ConfigError: a searched setting is not valid.
    """
    table = content.get(SECTION, {})
    if not isinstance(table, Mapping):
        raise ConfigError(f"[{SECTION}] in {path} must be a table.")
    own = dict(table)
    vary = own.pop(VARY, {})
    if not isinstance(vary, Mapping):
        raise ConfigError(f"[{SECTION}.{VARY}] in {path} must be a table.")
    return own, tuple(searched(key, value) for key, value in _flat(vary).items())


def _flat(vary: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{"optim.name": …}`` of ``"optim.name" = …`` and of ``[tune.vary.optim]`` alike."""
    found: dict[str, Any] = {}
    for key, value in vary.items():
        found.update(
            {f"{key}.{name}": item for name, item in value.items()} if isinstance(value, Mapping) else {key: value}
        )
    return found


def parse_vary(texts: Sequence[str]) -> tuple[SearchedSetting, ...]:
    """Return the settings that ``--vary`` searches, for example ``optim.learning_rate=1e-5..1e-2:log``.

    Raises:
        ConfigError: a text is not of that form.
    """
    found = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(
                f"--vary takes section.key=LOW..HIGH, LOW..HIGH:log or a list, as optim.name=adam,sgd, not {text!r}."
            )
        found.append(searched(key.strip(), value.strip()))
    return tuple(found)


def space_of(
    *layers: Sequence[SearchedSetting], pretrained: bool, given: Collection[str] = ()
) -> tuple[SearchedSetting, ...]:
    """Return the searched settings: of two for one key the later one counts; with none, the default space.

    Args:
        layers: workspace file, ``--config``, ``--vary``; the last wins.
        pretrained: whether the initial weights are trained ones, so that layers may stay frozen.
        given: keys of settings that the user gave for all trials; the default space leaves them out.

    Raises:
        ConfigError: the last layer searches a setting that is given for all trials.
    """
    if both := [item.key for item in (layers[-1] if layers else ()) if item.key in given]:
        raise ConfigError(f"{both[0]} is both searched and set for all trials; leave out --vary or --set.")
    merged = {item.key: item for layer in layers for item in layer if item.key not in given}
    return tuple(merged.values()) or default_space(pretrained, given)
