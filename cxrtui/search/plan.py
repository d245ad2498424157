"""What a study searches, and whether two plans are of one study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui.errors import ConfigError
from cxrtui.settings import tuning
from cxrtui.settings.config import Config
from cxrtui.settings.difference import first_difference
from cxrtui.settings.space import SearchedSetting, searched
from cxrtui.settings.tuning import TuneConfig

_SPACE = "vary"


@dataclass(frozen=True)
class Plan:
    """What a study searches; it is written once and never changes, but for the number of trials and hours.

    Attributes:
        tune: of the search.
        base: the configuration that all trials share.
        space: the settings that differ between trials.
    """

    tune: TuneConfig
    base: Config
    space: tuple[SearchedSetting, ...]

    def fixed(self) -> dict[str, Any]:
        """Return, for JSON, what never changes: what is searched, and all settings but those of how long it goes on."""
        tune = {key: value for key, value in self.tune.as_dict().items() if key not in ("trials", "hours", "seeds")}
        return {_SPACE: {item.key: item.text for item in self.space}, tuning.SECTION: tune, **self.base.as_dict()}

    def difference(self, before: Mapping[str, Any]) -> tuple[str, Any, Any] | None:
        """Return the first setting that `before`, the `fixed` part of a plan, has otherwise: its key and both values.

        A setting that `before` lacks, because an older version wrote it, is no difference.
        """
        now = self.fixed()
        if before.get(_SPACE) != now.pop(_SPACE):
            return _SPACE, before.get(_SPACE), self.fixed()[_SPACE]
        return first_difference(before, now)

    def check_unchanged(self, before: Mapping[str, Any], file: Path) -> None:
        """Check that this plan, read from `file`, is the one that the study began with; films may have moved.

        Raises:
            ConfigError: it differs; the message names the first difference.
        """
        moved = {**before, "data": {**before.get("data", {}), "source": list(self.base.data.source)}}
        if (found := self.difference(moved)) is not None:
            key, was, value = found
            what = "what is searched" if key == _SPACE else f"{key} from {was} to {value}"
            raise ConfigError(f"{file} was edited: it changes {what}, but the trials so far were measured without "
                              "that; take the change back, or start another study.")  # fmt: skip


def same_search(known: Plan, wanted: Plan) -> None:
    """Check that `wanted` differs from `known` at most in how long the study goes on.

    Raises:
        ConfigError: it searches something else; the message names the first difference.
    """
    found = wanted.difference(known.fixed())
    if found is None:
        return
    key, was, value = found
    if key == _SPACE:
        raise ConfigError(
            "The study searches other settings; leave out --vary to go on with it, or start another study."
        )
    raise ConfigError(f"The study has {key}={was}, not {value}; leave it out to go on with the study, or start another "
                      "one.")  # fmt: skip


def with_whole_paths(item: SearchedSetting, models: Path) -> SearchedSetting:
    """Return `item` with the whole paths of initial weights, so that any folder can go on with the study.

    Args:
        item: a searched setting.
        models: the shelf.
    """
    if item.key != "model.init":
        return item
    from cxrtui.weights import shelf

    return searched(item.key, [shelf.resolve(name, models) for name in item.choices])
