"""This module defines what is found out about each kind of confounder, and when it raises an alarm."""

from __future__ import annotations

from dataclasses import dataclass

from cxrtui.data.confounders.kinds.kind import Kind
from cxrtui.statistics.estimate import Estimate

ALPHA = 0.01
"""Probability of any alarm where nothing tells the classes apart."""
LEAST = 0.6
"""The smallest AUROC that raises an alarm, however sure it is."""


@dataclass(frozen=True)
class Found:
    """How well one kind of feature predicts the class.

    Attributes:
        kind: the kind.
        auroc: of its features on the original files.
        p: corrected p value of that AUROC.
        within_source: the AUROC among films of one source, None where no source holds both classes, or all are of one.
        within_source_p: its p value, corrected for the kinds; 1 where there is none.
        as_seen: the AUROC of the same features on the images as the network sees them, None for a kind that is not
            measured on pixels.
        as_seen_p: its corrected p value; 1 where there is none.
    """

    kind: Kind
    auroc: Estimate
    p: float
    within_source: Estimate | None = None
    within_source_p: float = 1.0
    as_seen: Estimate | None = None
    as_seen_p: float = 1.0

    @property
    def on_file(self) -> bool:
        """Whether the features of the original files raise an alarm."""
        return self.p <= ALPHA and self.auroc.value >= LEAST

    @property
    def remains(self) -> bool:
        """Whether the features that the network sees raise an alarm."""
        return self.as_seen is not None and self.as_seen_p <= ALPHA and self.as_seen.value >= LEAST

    @property
    def holds_within(self) -> bool:
        """Whether the features tell the classes apart among films of one source too."""
        return self.within_source is not None and self.within_source_p <= ALPHA and self.within_source.value >= LEAST

    @property
    def strength(self) -> float:
        """The larger AUROC of those that raise an alarm; of all where none does."""
        seen = [] if self.as_seen is None else [(self.as_seen.value, self.remains)]
        values = [(self.auroc.value, self.on_file), *seen]
        return max([value for value, raised in values if raised] or [value for value, _ in values])

    @property
    def constant(self) -> bool:
        """Whether the features are the same for all films, on the originals and as the network sees them."""
        return all(item is None or item.low == item.value == item.high == 0.5 for item in (self.auroc, self.as_seen))

    @property
    def flagged(self) -> bool:
        """Whether either raises an alarm."""
        return self.on_file or self.remains


@dataclass(frozen=True)
class Estimates:
    """All kinds, the strongest first, and how far a classifier gets by all that it sees outside the lungs.

    `together` is that; it is None where no pixel was measured. `noticed` is the AUROC from which on a kind would have
    raised an alarm: the median of all kinds.
    """

    found: tuple[Found, ...]
    together: Estimate | None
    noticed: float
