"""Transfer learning as it is set: which stages train from which epoch on, and at which rates.

Gradual unfreezing (the last stage first, then those below it) and rates of their own for the stages are of Howard and
Ruder (2018, ULMFiT, arXiv:1801.06146), who divide the rate by 2.6 from each layer to the one below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from cxrtui.errors import ConfigError

STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")
FREEZE_LEVELS = ("none", *STAGES)  # cumulative: "stage2" freezes stem, stage1 and stage2
HIGHEST_RATE = 10.0


def training(level: str) -> tuple[str, ...]:
    """The stages that train at this freeze level, from below."""
    return STAGES[FREEZE_LEVELS.index(level) :]


def level_from(stage: str) -> str:
    """The freeze level at which `stage` and all above it train."""
    return FREEZE_LEVELS[STAGES.index(stage)]


def level_in(epoch: int, freeze: str, unfreeze: Iterable[str]) -> str:
    """The freeze level of an epoch, counted from 1; the arguments are ``model.freeze`` and ``model.unfreeze``."""
    return next((level_from(stage) for start, stage in reversed(entries(unfreeze)) if epoch >= start), freeze)


def entries(unfreeze: Iterable[str]) -> list[tuple[int, str]]:
    """Epochs and stages of ``model.unfreeze``, in their order.

    Raises:
        ConfigError: one of them is not EPOCH:STAGE.
    """
    found = []
    for text in unfreeze:
        epoch, _, stage = (part.strip() for part in text.partition(":"))
        if not (epoch.isascii() and epoch.isdecimal()) or len(epoch) > 6 or stage not in STAGES:
            raise ConfigError(
                f"model.unfreeze takes EPOCH:STAGE, for example 3:stage4, where STAGE is one of {', '.join(STAGES)}; "
                f"not {text!r}."
            )
        found.append((int(epoch), stage))
    return found


def stage_rates(settings: Iterable[str]) -> dict[str, float]:
    """Peak learning rates by stage, as ``optim.stage_learning_rates`` has them.

    Raises:
        ConfigError: one of them is not STAGE:RATE, or cannot be a rate.
    """
    found: dict[str, float] = {}
    for text in settings:
        stage, _, number = (part.strip() for part in text.partition(":"))
        try:
            rate = float(number)
        except ValueError:
            rate = math.nan
        if stage not in STAGES or math.isnan(rate):
            hint = "; the layers on top have optim.head_learning_rate" if stage == "head" else ""
            raise ConfigError(
                f"optim.stage_learning_rates takes STAGE:RATE, for example stage4:1e-4, where STAGE is one of "
                f"{', '.join(STAGES)}; not {text!r}{hint}."
            )
        if not 0 < rate <= HIGHEST_RATE:
            raise ConfigError(
                f"optim.stage_learning_rates must be above 0 and at most {HIGHEST_RATE:g}, not {text!r}; "
                "what shall stay as it is, its running averages too, is for model.freeze."
            )
        if stage in found:
            raise ConfigError(f"optim.stage_learning_rates names {stage} twice; give it one rate.")
        found[stage] = rate
    return found


def check_unfreezing(freeze: str, unfreeze: Iterable[str], epochs: int) -> None:
    """Refuse a list of which an entry would do nothing.

    Raises:
        ConfigError: the epochs do not ascend within 2 and `epochs`, or an entry's stage trains already.
    """
    level, last = freeze, 1
    for epoch, stage in entries(unfreeze):
        entry = f"{epoch}:{stage}"
        if epoch < 2:
            raise ConfigError(
                f"model.unfreeze {entry} must name epoch 2 or a later one; for what trains from the first on, set "
                f"model.freeze={level_from(stage)}."
            )
        if epoch > epochs:
            raise ConfigError(
                f"model.unfreeze {entry} comes after the last epoch, optim.epochs={epochs}; take it out or train on."
            )
        if epoch <= last:
            raise ConfigError(
                f"model.unfreeze must name a later epoch with each entry, and {entry} follows epoch {last}; sort them, "
                "and name for one epoch the lowest stage alone."
            )
        if stage in training(level):
            asleep = "nothing is" if level == "none" else "the stem alone is" if level == "stem" else (
                f"stem to {level} are")  # fmt: skip
            raise ConfigError(
                f"model.unfreeze {entry} unfreezes nothing: in epoch {epoch} {asleep} frozen; take it out, or set "
                "model.freeze to more."
            )
        level, last = level_from(stage), epoch


def check_rates(freeze: str, unfreeze: Iterable[str], rate: float, head_rate: float, settings: Iterable[str]) -> None:
    """Refuse rates that would do nothing, and parts that are left without one by mistake.

    Raises:
        ConfigError: a stage with a rate is frozen to the end, or one rate is 0 and some parts have no other.
    """
    rates = stage_rates(settings)
    at_last = [level_from(stage) for _, stage in entries(unfreeze)] or [freeze]
    trains = training(at_last[-1])
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
                "optim.stage_learning_rates and optim.head_learning_rate, or freeze stages with model.freeze "
                "(stage4 trains the head alone)."
            )
