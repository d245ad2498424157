"""This module defines a section of a report on films, and the data that sections are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cxrtui.data.confounders.confounders import Confounders
from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.images.headers import Header
from cxrtui.data.inspect.duplicates import Duplicates
from cxrtui.data.sources.rule import Labels
from cxrtui.statistics.estimate import Estimate

NOT_SAID = "not said"


@dataclass(frozen=True)
class Pair:
    """The paths of two films that belong together, and their relation."""

    first: str
    second: str
    relation: str


@dataclass(frozen=True)
class Bar:
    """An AUROC that is shown as a bar with its interval; `raised` means that it raises an alarm."""

    name: str
    estimate: Estimate
    raised: bool = False


@dataclass(frozen=True)
class Conclusion:
    """A section's conclusion, in one sentence; `ok` is False where the films should not be used as they are."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Section:
    """One section of a report.

    Attributes:
        key: its name in JSON.
        title: its name on screen.
        counts: numbers of films (or of `unit`) by a word.
        notes: remarks, one sentence each.
        files: paths of files, each with a reason.
        unit: what `counts` counts; empty where shares of the total are meaningless.
        estimates: statistics with their intervals, by name.
        bars: statistics that are to be compared, with their intervals.
        pairs: films that belong together, such as copies.
        conclusion: for the user, None where the section only reports.
    """

    key: str
    title: str
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    unit: str = "films"
    estimates: dict[str, Estimate] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    conclusion: Conclusion | None = None

    def __post_init__(self) -> None:
        """Make the text of a source or a file printable, once for every view."""
        counts: Counter[str] = Counter()
        for word, count in self.counts.items():
            counts[printable(word)] += count
        pairs = [Pair(printable(item.first), printable(item.second), printable(item.relation)) for item in self.pairs]
        object.__setattr__(self, "counts", dict(counts))
        object.__setattr__(self, "notes", list(map(printable, self.notes)))
        object.__setattr__(self, "files", [(printable(path), printable(reason)) for path, reason in self.files])
        object.__setattr__(self, "estimates", {printable(name): item for name, item in self.estimates.items()})
        object.__setattr__(self, "pairs", pairs)
        if self.conclusion is not None:
            object.__setattr__(self, "conclusion", Conclusion(self.conclusion.ok, printable(self.conclusion.text)))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON, with estimates, bars, pairs and conclusion where the section has them."""
        body = {key: value for key, value in asdict(self).items() if key != "key"}
        return {
            key: value
            for key, value in body.items()
            if value or key not in ("estimates", "bars", "pairs", "conclusion")
        }


@dataclass(frozen=True)
class Look:
    """The data that the sections are made from.

    Attributes:
        collection: the films.
        headers: each film's header, or why it has none.
        rule: which findings are positive and negative, None where that is not clear.
        why_no_rule: why the rule is not clear.
        left_out: the number of films and files left out, by reason.
        counted: the films of each class of the rule.
        chosen: the films that count by the rule, each with 0 (negative) or 1 (positive).
        absent: names that the user gave and that match no finding.
        notes: remarks on films, by their paths.
        decoded: whether the films were decoded; otherwise only their headers were read.
        duplicates: which films show one exposure; None where they were not compared.
        odd: what is odd about films by their pixels (no chest, lateral, upside down), by their paths.
        confounders: what a classifier could cheat with, None where the classes are not clear.
    """

    collection: Collection
    headers: list[Header | str]
    rule: Labels | None
    why_no_rule: str
    left_out: dict[str, int]
    counted: dict[str, int]
    chosen: Sequence[tuple[Film, int]]
    absent: list[str]
    notes: list[tuple[str, tuple[str, ...]]]
    decoded: bool
    duplicates: Duplicates | None
    confounders: Confounders | None = None
    odd: list[tuple[str, str]] = field(default_factory=list)

    @property
    def read(self) -> list[Header]:
        """Return the headers of the films that have one."""
        return [header for header in self.headers if isinstance(header, Header)]


def by_frequency(words: Iterable[str], most: int = 0) -> dict[str, int]:
    """Count `words`, the most frequent first; beyond the first `most`, if given, the rest is counted together."""
    listed = Counter(printable(word) for word in words).most_common()
    if most and len(listed) > most:
        rest = listed[most - 1 :]
        listed = [*listed[: most - 1], (f"{len(rest)} others", sum(count for _, count in rest))]
    return dict(listed)
