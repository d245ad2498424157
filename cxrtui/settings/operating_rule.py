"""Reads the rule by which a run's operating point is set, from the text of the setting ``run.operating_point``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cxrtui.errors import ConfigError
from cxrtui.printable import printable

Kind = Literal["probability", "Youden", "sensitivity", "specificity", "cost"]
FORMS = (
    "a probability such as 0.5, Youden, sensitivity>=0.95, specificity>=0.9, "
    "or cost=5:1 (of a missed positive to a false alarm)"
)
"""The forms of a rule, for people."""
_NUMBER = r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})"
_AT_LEAST = re.compile(rf"(sensitivity|specificity)\s*(?:>=|≥)\s*{_NUMBER}\s*(%?)", re.IGNORECASE)
_COST = re.compile(rf"cost\s*=\s*{_NUMBER}\s*(?::\s*{_NUMBER})?", re.IGNORECASE)


@dataclass(frozen=True)
class OperatingRule:
    """How the threshold is chosen.

    `level` is the threshold itself (of the network's probability, before calibration), the least sensitivity or
    specificity, or what a missed positive film costs where a false alarm costs `alarm`; Youden's rule has none.
    """

    kind: Kind
    level: float = 0.0
    alarm: float = 1.0

    @property
    def needs_films(self) -> bool:
        """Whether the rule must be applied to films before there is a threshold."""
        return self.kind != "probability"


@lru_cache(maxsize=256)
def operating_rule(text: str) -> OperatingRule:
    """Return the rule that `text` names.

    Raises:
        ConfigError: it names none, or a level that is not possible.

    Example:
        >>> operating_rule("sensitivity>=0.95")
        OperatingRule(kind='sensitivity', level=0.95, alarm=1.0)
    """
    word = text.strip()
    wrong = ConfigError(f"run.operating_point must be {FORMS}, not {printable(word)[:64]!r}.")
    if word.casefold() == "youden":
        return OperatingRule("Youden")
    if re.fullmatch(_NUMBER, word):
        if not 0 < float(word) < 1:
            raise wrong
        return OperatingRule("probability", float(word))
    if found := _AT_LEAST.fullmatch(word):
        level = float(found[2]) / (100 if found[3] else 1)
        if not 0 < level <= 1:
            raise wrong
        return OperatingRule("sensitivity" if found[1].casefold() == "sensitivity" else "specificity", level)
    if found := _COST.fullmatch(word):
        missed, alarm = float(found[1]), float(found[2] or 1)
        if missed <= 0 or alarm <= 0:
            raise wrong
        return OperatingRule("cost", missed, alarm)
    raise wrong
