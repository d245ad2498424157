"""The settings that a search varies: each a range of numbers or a list of values."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxrtui.errors import ConfigError, CxrtuiError
from cxrtui.settings.config import Config, coerce, real_key, with_values
from cxrtui.settings.field import as_text
from cxrtui.settings.listing import BY_KEY

_FIXED = {
    "data.source": "the films", "data.positive": "the classes", "data.negative": "the classes",
    "data.views": "the films", "data.splits": "the split", "data.validation": "the split", "data.test": "the split",
    "data.max_bad": "the films",
    "data.exclude": "the films", "data.groups": "the split",
    "data.patient_pattern": "the split", "data.identifiers": "the names in the log", "data.feed": "no result",
    "run.seed": "the seeds, which tune.repeats varies", "run.checkpoint_minutes": "no result",
    "run.notify": "no result", "run.evaluate": "no result", "run.calibration": "the calibration",
    "run.operating_point": "the threshold", "train.cache_gb": "no result",
}  # fmt: skip
"""Settings that no search varies, because its trials must be measured on the same films, each with what it decides."""
_MOST_COMBINATIONS = 4096
_RANGE = re.compile(r"(?P<low>[^,;]+?)\.\.(?P<high>[^,;:]+?)(?P<log>:log)?")


@dataclass(frozen=True)
class SearchedSetting:
    """A setting and the values that it may have in a trial.

    Attributes:
        key: ``section.name``.
        low, high: of a range of numbers, both included.
        log: whether the range is even on a logarithmic scale.
        whole: whether the numbers are whole.
        choices: of a list, the texts that ``--set`` takes; empty if it is a range.
    """

    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What ``--vary`` takes after the key."""
        if self.choices:
            several = any("," in item for item in self.choices) or BY_KEY[self.key].several
            return (";" if several else ",").join(self.choices)
        return f"{self.as_text(self.low)}..{self.as_text(self.high)}{':log' if self.log else ''}"

    @property
    def extremes(self) -> tuple[str, ...]:
        """Every choice, or both ends of the range, as texts."""
        return self.choices or tuple(self.as_text(value) for value in dict.fromkeys((self.low, self.high)))

    def as_text(self, value: Any) -> str:
        """Return a value that was chosen as text for ``--set``."""
        if self.choices:
            return str(value)
        return str(int(value)) if self.whole else repr(float(value))


def short(value: str) -> str:
    """Return a value of a trial for people: a number with four digits, and a word for nothing."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value or "none"


def searched(key: str, value: Any) -> SearchedSetting:
    """Return the searched setting `key` from text such as ``1e-5..1e-2:log``, ``a,b`` or ``64;128,64``, or from a list.

    A semicolon separates the choices of a setting that is a list itself.

    Raises:
        ConfigError: the key is unknown or not to be searched, or the values do not fit it.
    """
    key = real_key(key)
    if key not in BY_KEY:
        coerce(key, "")  # it raises the error that names the nearest one
    if key in _FIXED:
        raise ConfigError(f"{key} cannot be searched: it decides {_FIXED[key]}; give it with --set for all trials.")
    item = BY_KEY[key]
    if isinstance(value, str):
        if (match := _RANGE.fullmatch(value.strip())) is not None:
            return _range(key, match["low"], match["high"], bool(match["log"]))
        if ".." in value and not item.choices and isinstance(item.default, (int, float)):
            raise ConfigError(f"{key}={value} is no range; write LOW..HIGH or LOW..HIGH:log, as {key}=1e-5..1e-2:log.")
        value = [part.strip() for part in value.split(";" if ";" in value or item.several else ",")]
    if not isinstance(value, Sequence):
        value = [value]
    choices = tuple(dict.fromkeys(as_text(_plain(coerce(key, part))) for part in value))
    if len(choices) < 2:
        hint = "; separate lists by semicolons" if item.several else ""
        raise ConfigError(f"{key} has one value to choose from; give at least two, or set it with --set {key}=…{hint}.")
    return SearchedSetting(key, choices=choices)


def _plain(value: Any) -> Any:
    """Return a table's entries as ``key:value``, and any other value as it is."""
    if isinstance(value, tuple):
        return [":".join(map(str, item)) if isinstance(item, tuple) else item for item in value]
    return value


def _range(key: str, low: str, high: str, log: bool) -> SearchedSetting:
    """Return the range of a number; both ends must be allowed values of the setting.

    Raises:
        ConfigError: the setting is no number, an end is not allowed, the ends are in the wrong order or not positive.
    """
    ends = [coerce(key, low.strip()), coerce(key, high.strip())]
    if any(isinstance(end, bool) or not isinstance(end, (int, float)) for end in ends):
        raise ConfigError(f"{key} is no number, so it has no range; list its values: {key}=a,b.")
    if not ends[0] < ends[1]:
        raise ConfigError(f"The range of {key} must rise: {low}..{high} does not.")
    if log and ends[0] <= 0:
        raise ConfigError(f"The range of {key} begins at {low}; a logarithmic one must begin above 0.")
    return SearchedSetting(key, float(ends[0]), float(ends[1]), log, whole=isinstance(ends[0], int))


def default_space(pretrained: bool, given: Collection[str] = ()) -> tuple[SearchedSetting, ...]:
    """Return the settings that are searched if none are named, without those of the keys `given`.

    Rates and decay are even on a logarithmic scale (Bengio, 2012, arXiv:1206.5533). With pretrained weights the head
    has a rate of its own, and how much stays frozen is searched too.
    """
    texts = {
        "optim.learning_rate": "1e-5..3e-3:log" if pretrained else "1e-4..1e-2:log",
        "optim.name": "adam,adamw,sgd",
        "optim.weight_decay": "1e-5..0.1:log",
        "optim.batch_size": "16,32,64",
        "optim.label_smoothing": "0.0..0.15",
        "model.dropout": "0.0..0.6",
        "model.hidden": ";64;256",
        "augment.rotation": "0.0..20.0",
        "augment.brightness": "0.0..0.3",
        "augment.contrast": "0.0..0.3",
    }
    if pretrained:
        texts["model.freeze"] = "none,stem,stage1,stage2,stage3"
    return tuple(searched(key, text) for key, text in texts.items() if key not in given)


def check_space(base: Config, space: Sequence[SearchedSetting], check: Callable[[Config], None]) -> None:
    """Try the combinations of the extreme values of `space` over `base`, so that no trial fails by its settings.

    If there are more than some thousand, each pair of settings is tried over the others' first values.

    Args:
        base: the configuration that the trials share.
        space: the searched settings.
        check: raises an error if a configuration cannot be trained for another reason.

    Raises:
        ConfigError: a combination is impossible; the message names it.
        CxrtuiError: the base itself cannot be trained.
    """
    check(base)  # an error that no searched setting causes is raised as it is
    for combination in _combinations(space):
        try:
            check(with_values(base, combination))
        except CxrtuiError as error:
            named = ", ".join(f"{key}={value}" for key, value in _guilty(base, combination, check).items())
            raise ConfigError(f"The search would try {named}, which cannot be trained: {error}") from None


def _combinations(space: Sequence[SearchedSetting]) -> Iterator[Mapping[str, str]]:
    keys = [item.key for item in space]
    if math.prod(len(item.extremes) for item in space) <= _MOST_COMBINATIONS:
        for values in itertools.product(*(item.extremes for item in space)):
            yield dict(zip(keys, values, strict=True))
        return
    first = {item.key: item.extremes[0] for item in space}
    for one, other in itertools.combinations(space, 2):
        for value, second in itertools.product(one.extremes, other.extremes):
            yield first | {one.key: value, other.key: second}


def _guilty(base: Config, combination: Mapping[str, str], check: Callable[[Config], None]) -> Mapping[str, str]:
    """Return the part of an impossible combination that suffices to make it impossible."""
    kept = dict(combination)
    for key in combination:
        fewer = {name: value for name, value in kept.items() if name != key}
        try:
            check(with_values(base, fewer))
        except CxrtuiError:
            kept = fewer
    return kept or combination
