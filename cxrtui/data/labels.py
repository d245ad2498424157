"""Which of a source's classes count as positive, which as negative; the rest is left out and counted."""

from __future__ import annotations

import difflib
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cxrtui.data.films import Collection, Film, printable
from cxrtui.errors import DataError

_NEGATIVE = re.compile(
    r"^(normal|negative|neg|healthy|controls?|no ?findings?|(no|non|not|without) ?covid( ?19)?)( (films?|cases?))?$"
)
_POSITIVE = re.compile(r"^(positive|pos|covid( ?19)?|covid19|sars cov 2)( (positive|pneumonia|films?|cases?))?$")


@dataclass(frozen=True)
class Labels:
    """The rule that was applied: classes of the source on each side. Index 0 is negative, 1 is positive."""

    negative: tuple[str, ...]
    positive: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """What the two are called on screen, several classes joined by ``+``."""
        return [printable("+".join(self.negative)), printable("+".join(self.positive))]

    def index(self, label: str) -> int | None:
        """0, 1, or None where the class does not count."""
        return 1 if label in self.positive else 0 if label in self.negative else None


def _plain(name: str) -> str:
    """A class name without what varies: case, dashes, underscores, spaces at the ends."""
    return re.sub(r"[\s_\-]+", " ", name).strip().casefold()


def _side(label: str) -> str:
    """Which side a name speaks for, or nothing where it does not say."""
    plain = _plain(label)
    return "negative" if _NEGATIVE.match(plain) else "positive" if _POSITIVE.match(plain) else ""


def _quoted(labels: tuple[str, ...]) -> str:
    """Class names as a shell takes them."""
    return shlex.quote(printable(",".join(labels)))


def _counts(found: Mapping[str, int]) -> str:
    shown = [f"{printable(label)}: {count}" for label, count in found.items()]
    return ", ".join(shown[:12]) + (f", and {len(shown) - 12} more" if len(shown) > 12 else "")


def _named(wanted: Iterable[str], found: Mapping[str, int], key: str) -> tuple[str, ...]:
    """The source's own spelling of each class in `wanted`."""
    result = []
    for name in wanted:
        alike = [label for label in found if _plain(label) == _plain(name)]
        if name in found:
            result.append(name)
        elif len(alike) == 1:
            result.append(alike[0])
        else:
            plain = {_plain(label): label for label in found}
            close = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.4)
            hint = f"; did you mean {printable(plain[close[0]])}?" if close else ";"
            raise DataError(f"{key} names {name}, which is not a class of the data{hint} It has {_counts(found)}.")
    return tuple(dict.fromkeys(result))


def decide(
    found: Mapping[str, int],
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    where: str = "",
    partial: bool = False,
) -> Labels:
    """The rule for classes `found` (counts by name), from what the user names or else from names that are plain.

    `partial`: classes that are named and not found are passed over, and one side may stay without films, as where a
    hospital sends positives only.

    Raises:
        DataError: a class that was named is not there, or is on both sides; or nothing was named and it is not plain
            which class is which.
    """
    if partial:
        there = {_plain(label) for label in found}
        plus = _named([name for name in positive if _plain(name) in there], found, "data.positive")
        minus = _named([name for name in negative if _plain(name) in there], found, "data.negative")
        if (plus or minus) and (plus or positive) and (minus or negative) and not set(plus) & set(minus):
            return Labels(minus or negative, plus or positive)
        sides = {_side(label): label for label in found}
        if len(found) == 1 and "" not in sides:
            return Labels((sides.get("negative", "negative"),), (sides.get("positive", "positive"),))
        positive, negative = plus, minus
    plus = _named(positive, found, "data.positive")
    minus = _named(negative, found, "data.negative")
    if both := set(plus) & set(minus):
        raise DataError(f"{printable(min(both))} cannot count as positive and as negative; change one of the two.")
    rest = [label for label in found if label not in plus and label not in minus]
    if plus and not minus and len(rest) == 1:
        minus = (rest[0],)
    elif minus and not plus and len(rest) == 1:
        plus = (rest[0],)
    elif not plus and not minus and len(found) == 2:
        sides = {_side(label): label for label in found}
        if set(sides) == {"negative", "positive"}:
            plus, minus = (sides["positive"],), (sides["negative"],)
    if plus and minus:
        return Labels(minus, plus)
    first = plus or tuple(label for label in found if _side(label) == "positive")[:1] or tuple(found)[:1]
    second = minus or tuple(label for label in found if _side(label) == "negative" and label not in first)[:1]
    second = second or tuple(label for label in found if label not in first)[:1] or ("CLASS",)
    raise DataError(
        f"Which classes count is not plain{f' in {where}' if where else ''}, which has {_counts(found)}; say it, for "
        f"example with --set data.positive={_quoted(first)} --set data.negative={_quoted(second)}"
    )


def select(
    collection: Collection, positive: tuple[str, ...], negative: tuple[str, ...], partial: bool = False
) -> tuple[list[tuple[Film, int]], Labels, dict[str, int]]:
    """The films that count, each with 0 (negative) or 1; the rule; and what is left out, counted by reason.

    Raises:
        DataError: as `decide`.
    """
    labels = decide(collection.found, positive, negative, printable(collection.root), partial)
    chosen: list[tuple[Film, int]] = []
    out = Counter(collection.left_out)
    for film in collection.films:
        index = labels.index(film.label)
        if index is None:
            out[f"class {printable(film.label)}"] += 1
        else:
            chosen.append((film, index))
    return chosen, labels, dict(sorted(out.items()))
