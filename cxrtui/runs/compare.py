"""This module finds by their logs in what runs differ (settings, films, device, versions), and what to beware of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxrtui.errors import ConfigError, UsageError
from cxrtui.printable import in_list, listing, printable
from cxrtui.runs.events import SPLIT_LEAKS
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.state import RunState
from cxrtui.settings.config import as_text, coerce, real_key
from cxrtui.settings.listing import BY_KEY

LEAST, MOST = 2, 8
"""How many runs can be compared."""
NOT_RECORDED = "–"
EMPTY = "(empty)"
_HASH = 8  # digits of a hash that are shown


@dataclass(frozen=True)
class Difference:
    """Something in which runs differ.

    Attributes:
        name: the dotted name of a setting, or another name.
        texts: what it is in each run, as ``--settings`` prints it; `NOT_RECORDED` if the log of a run does not say.
        values: the same as plain values for JSON; None if the log does not say.
    """

    name: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]

    def changed(self, place: int, reference: int) -> bool:
        """Return whether the run at `place` differs from the one at `reference`; False if one of both is not known."""
        texts = self.texts[place], self.texts[reference]
        return NOT_RECORDED not in texts and texts[0] != texts[1]


def check_number(count: int) -> None:
    """Check that so many runs can be compared.

    Raises:
        UsageError: they are too few or too many.
    """
    if not LEAST <= count <= MOST:
        raise UsageError(f"{LEAST} to {MOST} different runs can be compared, not {count}.")


def settings_that_differ(states: Sequence[RunState]) -> list[Difference]:
    """Return the settings that are not the same in all runs, in the order of the configuration.

    A setting that the log of an older run does not have counts as its default, and is shown as not recorded.
    """
    configs = [_settings_of(state) for state in states]
    known = [key for key in BY_KEY if any(key in config for config in configs)]
    others = sorted({key for config in configs for key in config} - BY_KEY.keys())
    found = []
    for key in [*known, *others]:
        default = BY_KEY[key].default_text or EMPTY if key in BY_KEY else NOT_RECORDED
        texts = [config[key][0] if key in config else NOT_RECORDED for config in configs]
        effective = {text if text != NOT_RECORDED else default
                     for text, config in zip(texts, configs, strict=True) if config}  # fmt: skip
        if len(effective) > 1:
            values = tuple(config[key][1] if key in config else None for config in configs)
            found.append(Difference(key, tuple(texts), values))
    return found


def facts_that_differ(states: Sequence[RunState]) -> list[Difference]:
    """Return what else differs: classes, films, splits, prepared films, parameters, device and versions."""
    return [item for item in _facts(states) if len({*item.texts} - {NOT_RECORDED}) > 1]


def _facts(states: Sequence[RunState]) -> Iterable[Difference]:
    def of(name: str, value: Callable[[RunState], Any], text: Callable[[Any], str] = str) -> Difference:
        values = tuple(value(state) for state in states)
        texts = tuple(NOT_RECORDED if item in (None, "") else printable(text(item)) for item in values)
        return Difference(name, texts, tuple(None if item == "" else item for item in values))

    yield of("classes", lambda state: list(state.labels) or None, lambda labels: " / ".join(map(in_list, labels)))
    yield of("films", lambda state: _films(state) or None,
             lambda films: ", ".join(f"{count} {split}" for split, count in films.items()))  # fmt: skip
    yield of("splits", lambda state: state.data.division if state.data else None, lambda text: text[:_HASH])
    yield of("prepared films", lambda state: state.data.fingerprint if state.data else None, lambda text: text[:_HASH])
    yield of("parameters", lambda state: state.compiled.parameters if state.compiled else None, "{:,}".format)
    yield of("trainable at first", lambda state: state.compiled.trainable if state.compiled else None, "{:,}".format)
    yield of("device", lambda state: _device(state.device) or None)
    for package in dict.fromkeys(name for state in states for name in state.versions):
        yield of(f"version of {printable(package)}", lambda state, name=package: state.versions.get(name))  # type: ignore[misc]


def remarks(runs: Sequence[Snapshot]) -> list[str]:
    """Return sentences on what the logs say against a comparison of the runs, the worst first."""
    names = [in_list(item.run.name) for item in runs]
    states = [item.state for item in runs]
    found = [f"{name}: {state.problem}." for name, state in zip(names, states, strict=True) if state.problem]
    found += [f"{name}: {warned.message}" for name, state in zip(names, states, strict=True)
              for warned in state.warned(SPLIT_LEAKS)]  # fmt: skip
    if silent := [name for name, state in zip(names, states, strict=True) if not (state.config or state.problem)]:
        found.append(f"{and_more(silent)}: the log does not say with which settings.")
    if len(groups := _grouped(names, [state.labels or None for state in states])) > 1:
        said = "; ".join(f"{and_more(group)}: {' / '.join(map(in_list, labels))}" for labels, group in groups.items())
        found.append(f"The runs do not answer the same question; their classes (negative / positive) are {said}.")
    watched = [state.early.metric if state.early is not None else None for state in states]
    if len(groups := _grouped(names, watched)) > 1:
        said = "; ".join(f"{and_more(group)} by {metric}" for metric, group in groups.items())
        found.append(f"The best epochs were chosen in different ways: {said}.")
    losses = {(_of(state, "class_weights"), _of(state, "label_smoothing")) for state in states if state.config}
    if len(losses) > 1:
        found.append("The losses cannot be compared, because class weights or label smoothing of the loss differ.")
    return found


def _of(state: RunState, key: str) -> str:
    return str(state.config.get("optim", {}).get(key, BY_KEY[f"optim.{key}"].default))


def _grouped(names: Sequence[str], values: Sequence[Any]) -> dict[Any, list[str]]:
    """Return the names of the runs with each value that is not None."""
    found: dict[Any, list[str]] = {}
    for name, value in zip(names, values, strict=True):
        if value is not None:
            found.setdefault(value, []).append(name)
    return found


def and_more(names: Sequence[str]) -> str:
    """Return names of runs for a sentence, at most two and the number of the others."""
    return listing(names) if len(names) < 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"


def _settings_of(state: RunState) -> dict[str, tuple[str, Any]]:
    """Return text and plain value of each setting in the run's log, by its present dotted name."""
    found: dict[str, tuple[str, Any]] = {}
    for section, body in state.config.items():
        if isinstance(body, Mapping):
            for key, value in body.items():
                name = real_key(f"{section}.{key}")
                found[name] = _text(name, value), value
    return found


def _text(name: str, value: Any) -> str:
    try:
        return printable(as_text(coerce(name, value))) or EMPTY
    except (ConfigError, TypeError, ValueError):  # of another version, or damaged
        if isinstance(value, Mapping):
            value = [f"{key}:{item}" for key, item in value.items()]
        if value is None:
            return NOT_RECORDED
        return printable(as_text(value) if isinstance(value, (str, int, float, list)) else json.dumps(value)) or EMPTY


def _films(state: RunState) -> dict[str, int]:
    if state.data is None:
        return {}
    return {printable(split): sum(counts.values()) for split, counts in state.data.counts.items()}


def _device(device: Mapping[str, object]) -> str:
    kind, count = device.get("kind"), device.get("count")
    if not kind:
        return ""
    return f"{count} × {kind}" if isinstance(count, int) and count > 1 else str(kind)
