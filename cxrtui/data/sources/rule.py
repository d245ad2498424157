"""This module defines the rule of which findings are positive and which negative, and describes it in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cxrtui.data.films import printable
from cxrtui.data.sources.matching import ANY, depth, is_there
from cxrtui.data.sources.sides import holds
from cxrtui.printable import in_list, listing

_MOST = 60  # findings that the log lists


@dataclass(frozen=True)
class Labels:
    """The names of the negative findings, which are class 0, and of the positive ones, which are class 1.

    Where names of both classes match a finding, the deeper match counts; at equal depth, the positive one. ``*`` means
    every finding that no name of the other class matches. `by_layout` means that the rule is the layout's own, because
    the user set none.
    """

    negative: tuple[str, ...]
    positive: tuple[str, ...]
    by_layout: bool = False

    @property
    def names(self) -> list[str]:
        """The names of both classes on screen; several findings are joined by ``+``."""
        minus, plus = "+".join(self.negative), "+".join(self.positive)
        minus = f"not {plus}" if self.negative == (ANY,) else minus
        plus = f"not {minus}" if self.positive == (ANY,) else plus
        return [printable(minus), printable(plus)]

    @classmethod
    def named(cls, names: Sequence[str]) -> Labels:
        """Return the rule from which `names` made these two names, the negative and the positive one."""
        minus, plus = ((ANY,) if name.startswith("not ") else tuple(filter(None, name.split("+"))) for name in names)
        return cls(minus, plus)

    def class_index(self, label: str) -> int | None:
        """Return 0 or 1, or None where the finding is in neither class."""
        plus, minus = depth(label, self.positive), depth(label, self.negative)
        return None if max(plus, minus) < 0 else int(plus >= minus)

    def absent(self, asked: Iterable[str], found: Mapping[str, int]) -> list[str]:
        """Return the names of the rule that the user `asked` for and that match no finding of `found`."""
        ours = {*self.positive, *self.negative}
        return [name for name in asked if name in ours and name != ANY and not is_there(name, found)]

    def rest(self, found: Mapping[str, int]) -> dict[str, int]:
        """Return the findings, with counts, that no name matches and that only ``*`` includes."""
        names = (*self.positive, *self.negative)
        return {
            label: count
            for label, count in found.items()
            if self.class_index(label) is not None and depth(label, tuple(name for name in names if name != ANY)) < 0
        }

    def others(self, found: Mapping[str, int]) -> str:
        """Return in words, with counts, the findings that only ``*`` includes; empty where there are none."""
        rest = self.rest(found)
        word = self.names[0 if ANY in self.negative else 1]
        return f"{sum(rest.values())} films count as {word} by {ANY!r}: {counts_text(rest, _MOST)}" if rest else ""

    def doubtful(self, found: Mapping[str, int]) -> str:
        """Return in words the findings that only ``*`` includes although their names contain one of the other class."""
        word = "negative" if ANY in self.positive else "positive"
        names = [name for name in getattr(self, word) if name != ANY]
        held = {label: count for label, count in self.rest(found).items() if any(holds(label, name) for name in names)}
        return (
            f"by {ANY!r} these count as {self.names[word == 'negative']}, and their names hold {listing(names)}: "
            f"{counts_text(held)}; what is such a finding is to be named in data.{word} too"
            if held else ""
        )  # fmt: skip

    def describe(self, found: Mapping[str, int]) -> str:
        """Return the rule in words, with the findings and counts of each class."""
        classes: list[dict[str, int]] = [{}, {}]
        for label, count in found.items():
            if (class_index := self.class_index(label)) is not None:
                classes[class_index][label] = count
        minus, plus = (counts_text(held, _MOST) or "none here" for held in classes)
        return f"positive is {self.names[1]} ({plus}); negative is {self.names[0]} ({minus})"


def counts_text(found: Mapping[str, int], most: int = 12) -> str:
    """Return findings with their counts in words, the first `most` of them."""
    shown = [f"{in_list(label)}: {count}" for label, count in found.items()]
    return ", ".join(shown[:most]) + (f", and {len(shown) - most} more" if len(shown) > most else "")
