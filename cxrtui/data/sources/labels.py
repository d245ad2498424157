"""Which of a source's findings count as positive, which as negative; the rest is left out and counted.

A finding may be a path in a hierarchy (``Pneumonia/Viral/COVID-19``), and several may be listed (``COVID-19, ARDS``). A
name that the user gives matches a finding, any item of its list and any part of a path, in any spelling of
`findings.canonical`; where both sides match, the deeper one counts, and the positive one where they are as deep. ``*``
is every finding that the other side does not match.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cxrtui.data.films import Collection, Film, printable
from cxrtui.data.findings import canonical, findings, levels, missing
from cxrtui.data.sources.layouts.words import UNKNOWN, keeps, plain
from cxrtui.data.sources.sides import container, holds, plain_sides, side, without_numbers
from cxrtui.errors import DataError
from cxrtui.printable import in_list, listing
from cxrtui.settings.config import as_text


@dataclass(frozen=True)
class Labels:
    """The rule that was applied: findings of the source on each side. Index 0 is negative, 1 is positive.

    `by_layout` says that the rule is the layout's own, for the user set none.
    """

    negative: tuple[str, ...]
    positive: tuple[str, ...]
    by_layout: bool = False

    @property
    def names(self) -> list[str]:
        """What the two are called on screen, several classes joined by ``+``."""
        minus, plus = "+".join(self.negative), "+".join(self.positive)
        minus = f"not {plus}" if self.negative == (ANY,) else minus
        plus = f"not {minus}" if self.positive == (ANY,) else plus
        return [printable(minus), printable(plus)]

    def index(self, label: str) -> int | None:
        """0, 1, or None where the finding does not count."""
        plus, minus = _depth(label, self.positive), _depth(label, self.negative)
        return None if max(plus, minus) < 0 else int(plus >= minus)

    def absent(self, asked: Iterable[str], found: Mapping[str, int]) -> list[str]:
        """The names of the rule among those that the user `asked` for which match no finding of `found`."""
        ours = {*self.positive, *self.negative}
        return [name for name in asked if name in ours and name != ANY and not _there(name, found)]

    def rest(self, found: Mapping[str, int]) -> dict[str, int]:
        """The findings, with their counts, that no name matches and that count by ``*`` alone."""
        names = (*self.positive, *self.negative)
        return {
            label: count
            for label, count in found.items()
            if self.index(label) is not None and _depth(label, tuple(name for name in names if name != ANY)) < 0
        }

    def others(self, found: Mapping[str, int]) -> str:
        """What counts by ``*`` alone, in words, with counts; empty where nothing does."""
        rest = self.rest(found)
        word = self.names[0 if ANY in self.negative else 1]
        return f"{sum(rest.values())} films count as {word} by {ANY!r}: {_counts(rest, _MOST)}" if rest else ""

    def doubtful(self, found: Mapping[str, int]) -> str:
        """What counts by ``*`` alone though its name holds one of the other side, in words, or nothing."""
        word = "negative" if ANY in self.positive else "positive"
        names = [name for name in getattr(self, word) if name != ANY]
        held = {label: count for label, count in self.rest(found).items() if any(holds(label, name) for name in names)}
        return (
            f"by {ANY!r} these count as {self.names[word == 'negative']}, and their names hold {listing(names)}: "
            f"{_counts(held)}; what is such a finding is to be named in data.{word} too"
            if held else ""
        )  # fmt: skip

    def describe(self, found: Mapping[str, int]) -> str:
        """The rule in words, with the findings and counts on each side."""
        sides: list[dict[str, int]] = [{}, {}]
        for label, count in found.items():
            if (index := self.index(label)) is not None:
                sides[index][label] = count
        minus, plus = (_counts(held, _MOST) or "none here" for held in sides)
        return f"positive is {self.names[1]} ({plus}); negative is {self.names[0]} ({minus})"


ANY = "*"
_MOST = 60  # findings that the log lists
_EXACT = 1_000
_VIRUS = re.compile(r"covid|sars[\W_]*cov[\W_]*2|ncov", re.IGNORECASE)
_DENIED = re.compile(r"(?<![a-z])(no|non|not|without|negative|excluded|absen\w*)(?![a-z])|(?<![a-z])non", re.IGNORECASE)
_VIRUS = re.compile(r"covid|corona|sars|ncov", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _parts(label: str) -> Mapping[str, int]:
    """The canonical names that `label` answers to, each with its depth in the hierarchy; the whole is deepest."""
    result: dict[str, int] = {}
    for item in findings(label):
        for depth, part in enumerate(levels(item), start=1):
            result[canonical(part)] = max(depth, result.get(canonical(part), 0))
        result.setdefault(canonical(item), 1)
    return {**result, _whole(label): _EXACT}


@lru_cache(maxsize=4096)
def _whole(label: str) -> str:
    """The canonical name of all that `label` lists."""
    return ",".join(map(canonical, findings(label))) or label


def _depth(label: str, names: tuple[str, ...]) -> int:
    """How deep in `label` one of `names` matches; 0 for ``*``, -1 for none."""
    if label in names or printable(label) in names:  # a setting cannot hold what is not printable
        return _EXACT + 1
    if missing(label):  # what gives no finding is not one of all others
        return -1
    parts = _parts(label)
    return max((0 if name == ANY else parts.get(_whole(name), -1) for name in names), default=-1)


def matches(label: str, name: str) -> bool:
    """Whether the finding `label` answers to `name`."""
    return _depth(label, (name,)) >= 0


def _quoted(labels: tuple[str, ...]) -> str:
    """Class names as a shell, and then a setting, takes them."""
    return shlex.quote(as_text(tuple(map(printable, labels))))


def _counts(found: Mapping[str, int], most: int = 12) -> str:
    shown = [f"{in_list(label)}: {count}" for label, count in found.items()]
    return ", ".join(shown[:most]) + (f", and {len(shown) - most} more" if len(shown) > most else "")


def _named(wanted: Iterable[str], found: Mapping[str, int], key: str) -> tuple[str, ...]:
    """The source's own spelling of each class in `wanted`."""
    result = []
    for name in wanted:
        alike = [label for label in found if _whole(label) == _whole(name)]
        if name in found or name == ANY:
            result.append(name)
        elif len(alike) == 1:
            result.append(alike[0])
        elif any(matches(label, name) for label in found):
            result.append(name)
        else:
            opposite = "negative" if key.endswith("positive") else "positive"
            fit = {plain(label): label for label in found if side(label) != opposite and not container(label)}
            close = difflib.get_close_matches(plain(name), list(fit), n=1, cutoff=0.4)
            # A name within the other, as COVID in non-COVID, may be its negation.
            close = [one for one in close if one not in plain(name) and plain(name) not in one]
            hint = f"; did you mean {printable(fit[close[0]])}?" if close else "."
            raise DataError(f"{key} names {name}, which is not a class of the data{hint} It has {_counts(found)}.")
    return tuple(dict.fromkeys(result))


def decide(
    found: Mapping[str, int],
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    where: str = "",
    partial: bool = False,
    defaults: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    question: str = "",
) -> Labels:
    """The rule for findings `found`, counts by name: what the user names, else `defaults`, else names that are plain.

    `defaults`: the positive and the negative names of the layout; what they do not find is passed over.
    `question`: what the layout asks where neither the user nor they decide.
    `partial`: classes that are named and not found are passed over, and one side may stay without films, as where a
    hospital sends positives only.

    Raises:
        DataError: a class that was named is not there, or is on both sides; or nothing was named and it is not plain
            which class is which.
    """
    _refuse_both(positive, negative)
    by_name = {} if question else plain_sides(found)  # where the layout has to ask, names alone do not decide
    if not positive and not negative and all(defaults) and not by_name:
        plus = _named([name for name in defaults[0] if _there(name, found)], found, "data.positive")
        minus = _named([name for name in defaults[1] if _there(name, found)], found, "data.negative")
        rule = Labels(minus or defaults[1], plus or defaults[0], by_layout=True)
        if (plus or minus) and (partial or {rule.index(label) for label in found} >= {0, 1}):
            return rule
    strangers = [name for name in (*positive, *negative) if not _there(name, found)]
    if partial:
        plus = _named([name for name in positive if _there(name, found)], found, "data.positive")
        minus = _named([name for name in negative if _there(name, found)], found, "data.negative")
        if (plus or minus) and (plus or positive) and (minus or negative):
            return Labels(minus or negative, plus or positive)
        sides = {side(label): label for label in found}
        if len(found) == 1 and "" not in sides:
            return Labels((sides.get("negative", "negative"),), (sides.get("positive", "positive"),))
        positive, negative = plus, minus
    plus = _named(positive, found, "data.positive")
    minus = _named(negative, found, "data.negative")
    named = Labels(minus, plus)
    rest = [label for label in found if named.index(label) is None and not missing(label)]
    if plus and not minus and len(rest) == 1:
        minus = (rest[0],)
    elif minus and not plus and len(rest) == 1:
        plus = (rest[0],)
    elif not plus and not minus and by_name:
        plus, minus = (by_name["positive"],), (by_name["negative"],)
    if plus and minus:
        return Labels(minus, plus)
    here = f"Which classes count is not plain{f' in {where}' if where else ''}, which has {_counts(found)}"
    here += f", and nothing called {listing(strangers)}" if strangers else ""
    if question and not plus and not minus:
        raise DataError(f"{here}. {question}")
    rule = Labels(defaults[1], defaults[0])
    alone = len(found) == 1 or (all(defaults) and len({rule.index(label) for label in found} - {None}) == 1)
    if alone and not plus and not minus:
        first, second = (defaults[0][:1], (ANY,)) if all(defaults) else _suggested(found, (), ())
        raise DataError(
            f"{where or 'The data'} has films of one class alone ({_counts(found)}); add films of the other with one "
            f"more --data, and say which count, {_example(first, second)}"
        )
    raise DataError(
        f"{here}; say it, {_example(*_suggested(found, plus, minus))}"
        + (f" (or {ANY!r}, all others)" if len(found) > 2 else "")
    )


def _refuse_both(positive: tuple[str, ...], negative: tuple[str, ...]) -> None:
    """Nothing, unless one finding is named on both sides, in whichever spellings.

    Raises:
        DataError: it is.
    """
    keys = {_whole(name): name for name in negative}
    for name in positive:
        if (other := keys.get(_whole(name))) is not None:
            alike = f", which {printable(other)} is too," if other != name else ""
            raise DataError(
                f"{printable(name)}{alike} cannot count as positive and as negative; change one of the two."
            )


def _suggested(
    found: Mapping[str, int], plus: tuple[str, ...], minus: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What could be named as positive and as negative; nothing where the names do not tell which is which."""
    items = list(dict.fromkeys(item for label in found for item in findings(label) if not container(item)))
    open_to = [item for item in items if not any(matches(item, name) for name in (*plus, *minus))]
    words = without_numbers(items)
    sides = {
        word: [item for item in open_to if side(words.get(item, item)) == word] for word in ("positive", "negative", "")
    }
    first, second = plus or tuple(sides["positive"][:1]), minus or tuple(sides["negative"][:1])
    # Then the one that is left can only be the other, unless it is of the same disease, as a suspicion of it.
    lonely = len(sides[""]) == 1 and len(found) == 2 and not (first and _VIRUS.search(sides[""][0]))
    if lonely and second and not first:
        first = tuple(sides[""])
    elif lonely and first and not second:
        second = tuple(sides[""])
    elif len(found) == 1 and first and not second:
        second = (ANY,)
    return first, second


def _example(first: tuple[str, ...], second: tuple[str, ...]) -> str:
    """How both classes are named on the command line; CLASS stands for what the user has to know."""
    sides = [
        f"--set data.positive={_quoted(first or ('CLASS',))}",
        f"--set data.negative={_quoted(second or ('CLASS',))}",
    ]
    return f"{'for example ' if first and second else ''}with {' '.join(sides)}"


def _there(name: str, found: Mapping[str, int]) -> bool:
    return any(matches(label, name) for label in found)


def _as_trained(trained: Sequence[str], found: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The positive and the negative names that `Labels.names` made `trained` of, where one of them is in `found`."""
    sides = [(ANY,) if name.startswith("not ") else tuple(filter(None, name.split("+"))) for name in trained]
    if len(sides) != 2 or not any(_there(name, found) for names in sides for name in names if name != ANY):
        return (), ()
    return sides[1], sides[0]


def counted(collection: Collection, views: tuple[str, ...] = ("all",)) -> dict[str, int]:
    """The findings of the films whose view is one of `views`, with counts; of all films where none is."""
    seen = Counter(film.label for film in collection.films if keeps(views, film.view))
    return dict(sorted(seen.items())) or dict(collection.found)


def select(
    collection: Collection,
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    partial: bool = False,
    views: tuple[str, ...] = ("all",),
    trained: Sequence[str] = (),
) -> tuple[list[tuple[Film, int]], Labels, dict[str, int]]:
    """The films that count, each with 0 (negative) or 1; the rule; and what is left out, counted by reason.

    `trained` are the negative and the positive name of a classifier (`Labels.names`), which decide where neither the
    user nor the layout nor the names of the findings do.

    Raises:
        DataError: as `decide`.
    """
    own = (collection.positive, collection.negative)
    found = counted(collection, views)
    try:
        labels = decide(found, positive, negative, collection.shown, partial, own, collection.question)
    except DataError:
        plus, minus = _as_trained(trained, found)
        if positive or negative or not (plus and minus):
            raise
        labels = decide(found, plus, minus, collection.shown, partial)
    chosen: list[tuple[Film, int]] = []
    out = Counter(collection.left_out)
    for film in collection.films:
        index = labels.index(film.label)
        if not keeps(views, film.view):
            out[printable(film.not_frontal or f"a film of view {film.view or UNKNOWN} (data.views)")] += 1
        elif index is None:
            out[f"class {in_list(film.label)}"] += 1
        else:
            chosen.append((film, index))
    return chosen, labels, dict(sorted(out.items()))
