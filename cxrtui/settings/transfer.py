"""The settings of transfer learning: which groups of the network train from which epoch on, and at which rates.

Gradual unfreezing (the last group first, then those below it) and a rate for each group are from Howard and Ruder
(2018, ULMFiT, arXiv:1801.06146), who divide the rate by 2.6 from each layer to the one below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

from cxrtui.errors import ConfigError

STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")
FREEZE_LEVELS = ("none", *STAGES)  # cumulative: "stage2" freezes stem, stage1 and stage2
HIGHEST_RATE = 10.0


def training(level: str) -> tuple[str, ...]:
    """Return the groups that train at this freeze level, the lowest first."""
    return STAGES[FREEZE_LEVELS.index(level) :]


def level_from(stage: str) -> str:
    """Return the freeze level at which `stage` and all above it train."""
    return FREEZE_LEVELS[STAGES.index(stage)]


class Unfreezing(NamedTuple):
    """An entry of ``model.unfreeze``: from `epoch` on, counted from 1, `stage` and all above it train."""

    epoch: int
    stage: str

    @classmethod
    def of(cls, epoch: object, stage: object) -> Self:
        """Return the entry from the values of a file or a text.

        Raises:
            ConfigError: the values are not an epoch and a group.
        """
        number = str(epoch).strip()
        if not (number.isascii() and number.isdecimal()) or len(number) > 6 or stage not in STAGES:
            raise ConfigError(
                f"model.unfreeze takes EPOCH:GROUP, for example 3:stage4, where GROUP is one of {', '.join(STAGES)}; "
                f"not {_shown(epoch, stage)}."
            )
        return cls(int(number), str(stage))

    @property
    def rank(self) -> int:
        """The entry's place among the entries of a table: they are sorted by epoch."""
        return self.epoch

    def __str__(self) -> str:
        return f"{self.epoch}:{self.stage}"


class StageRate(NamedTuple):
    """An entry of ``optim.stage_learning_rates``: the peak learning rate of a group."""

    stage: str
    rate: float

    @classmethod
    def of(cls, stage: object, rate: object) -> Self:
        """Return the entry from the values of a file or a text.

        Raises:
            ConfigError: the values are not a group and a rate, or the rate is out of range.
        """
        try:
            number = math.nan if isinstance(rate, bool) else float(rate)  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError):
            number = math.nan
        if stage not in STAGES or math.isnan(number):
            hint = "; the layers on top have optim.head_learning_rate" if stage == "head" else ""
            raise ConfigError(
                f"optim.stage_learning_rates takes GROUP:RATE, for example stage4:1e-4, where GROUP is one of "
                f"{', '.join(STAGES)}; not {_shown(stage, rate)}{hint}."
            )
        if not 0 < number <= HIGHEST_RATE:
            raise ConfigError(
                f"optim.stage_learning_rates must be above 0 and at most {HIGHEST_RATE:g}, not {_shown(stage, rate)}; "
                "to keep a group as it is, with its running averages, set model.freeze."
            )
        return cls(str(stage), number)

    @property
    def rank(self) -> int:
        """The entry's place among the entries of a table: equal ranks keep the written order."""
        return 0

    def __str__(self) -> str:
        return f"{self.stage}:{self.rate!r}"


def _shown(key: object, value: object) -> str:
    """Return an entry for a message, shortened, because a hostile file may hold one of a megabyte."""
    return repr(f"{key!s:.40}:{value!s:.40}" if value is not None else f"{key!s:.80}")


def freeze_level_in(epoch: int, freeze: str, unfreeze: Sequence[Unfreezing]) -> str:
    """Return the freeze level in `epoch`, counted from 1, for ``model.freeze`` and ``model.unfreeze``."""
    return next((level_from(stage) for start, stage in reversed(unfreeze) if epoch >= start), freeze)


def check_unfreezing(freeze: str, unfreeze: Sequence[Unfreezing], epochs: int) -> None:
    """Refuse a list in which an entry would do nothing.

    Raises:
        ConfigError: the epochs do not ascend within 2 and `epochs`, or an entry's group trains already.
    """
    level, last = freeze, 1
    for entry in unfreeze:
        epoch, stage = entry
        if epoch < 2:
            raise ConfigError(
                f"model.unfreeze {entry} must name epoch 2 or a later one; to train a group from the first epoch "
                f"on, set model.freeze={level_from(stage)}."
            )
        if epoch > epochs:
            raise ConfigError(
                f"model.unfreeze {entry} comes after the last epoch, optim.epochs={epochs}; take it out, or raise "
                "optim.epochs."
            )
        if epoch <= last:
            raise ConfigError(
                f"model.unfreeze must name a later epoch with each entry, and {entry} follows epoch {last}; sort them, "
                "and name only the lowest group for one epoch."
            )
        if stage in training(level):
            asleep = "nothing is" if level == "none" else "the stem alone is" if level == "stem" else (
                f"stem to {level} are")  # fmt: skip
            raise ConfigError(
                f"model.unfreeze {entry} unfreezes nothing: in epoch {epoch} {asleep} frozen; take it out, or set "
                "model.freeze to more."
            )
        level, last = level_from(stage), epoch


def check_rates(freeze: str, rate: float, head_rate: float, stage_rates: Sequence[StageRate]) -> None:
    """Refuse rates that would do nothing, and groups that would be left without a rate by mistake.

    Args:
        freeze: the freeze level of the last epoch.
        rate: the rate of groups without a rate of their own.
        head_rate: the rate of the layers on top; 0 = `rate`.
        stage_rates: the rates of single groups.

    Raises:
        ConfigError: a group has two rates, or is frozen to the end and has a rate, or `rate` is 0 and some groups have
            no other rate.
    """
    rates = dict(stage_rates)
    if twice := [stage for stage in rates if [entry.stage for entry in stage_rates].count(stage) > 1]:
        raise ConfigError(f"optim.stage_learning_rates names {twice[0]} twice; give it one rate.")
    trains = training(freeze)
    if idle := [stage for stage in rates if stage not in trains]:
        raise ConfigError(
            f"optim.stage_learning_rates names {', '.join(idle)}, frozen for the whole run; take it out, or let it "
            "train with model.freeze or model.unfreeze."
        )
    if rate == 0 and (rates or head_rate > 0):
        without = [stage for stage in trains if stage not in rates] + ["head"] * (head_rate == 0)
        if without:
            raise ConfigError(
                f"optim.learning_rate=0 leaves {', '.join(without)} without a rate; give each its own with "
                "optim.stage_learning_rates and optim.head_learning_rate, or freeze groups with model.freeze "
                "(stage4 trains the head alone)."
            )
