"""The axis of a searched setting: where a value is on it, and its labels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cxrtui.settings.space import SearchedSetting, short
from cxrtui.tui.widgets.charts import ticks as tick


@dataclass(frozen=True)
class Scale:
    """An axis from 0 to 1: even over a range, over its logarithm, or with a place for each choice of a list."""

    item: SearchedSetting

    def place(self, text: str) -> float:
        """Return where the value `text` is, from 0 to 1; NaN if the setting does not have it."""
        item = self.item
        if item.choices:
            return (item.choices.index(text) + 0.5) / len(item.choices) if text in item.choices else math.nan
        try:
            value = float(text)
        except ValueError:
            return math.nan
        return self._place(value) if item.low <= value <= item.high else math.nan

    def _place(self, value: float) -> float:
        low, high = self.item.low, self.item.high
        if self.item.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)

    def labels(self, most: int) -> list[tuple[float, str]]:
        """Return place and text of at most about `most` labels, in ascending order."""
        item = self.item
        if item.choices:
            return [(self.place(choice), short(choice)) for choice in item.choices]
        if item.log:
            values = tick.log_ticks(math.log10(item.low), math.log10(item.high), most)
            return [(self._place(value), tick.log_text(value)) for value in values]
        values, decimals = tick.ticks(item.low, item.high, most, whole=item.whole)
        return [(self._place(value), tick.number_text(value, decimals)) for value in values]

    @property
    def ends(self) -> tuple[str, str]:
        """The texts at the low and the high end; empty for a list."""
        if self.item.choices:
            return "", ""
        return short(str(self.item.low)), short(str(self.item.high))


def names(space: Sequence[SearchedSetting]) -> dict[str, str]:
    """Return a short name for each searched setting, by its key: without the section where that is clear."""
    counts = Counter(item.key.partition(".")[2] for item in space)
    return {
        item.key: item.key if counts[item.key.partition(".")[2]] > 1 else item.key.partition(".")[2] for item in space
    }
