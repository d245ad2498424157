"""This module decides which findings of a source are positive and which negative; others are left out and counted.

The user's names decide, else the layout's rule, else the names of the findings where they are clear. If none of these
decides, the error says what to set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from cxrtui.data.films import Collection, printable
from cxrtui.data.findings import missing
from cxrtui.data.records import Classed
from cxrtui.data.sources.layouts.words import UNKNOWN, keeps
from cxrtui.data.sources.matching import ANY, depth, is_there, matches, whole
from cxrtui.data.sources.rule import Labels, counts_text
from cxrtui.data.sources.sides import plain_sides, side
from cxrtui.data.sources.suggestions import example, near, suggested
from cxrtui.errors import DataError
from cxrtui.printable import in_list, listing

Names = tuple[str, ...]


def decide(
    found: Mapping[str, int],
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    where: str = "",
    partial: bool = False,
    defaults: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    question: str = "",
) -> Labels:
    """Return the rule for findings `found` (counts by name): the user's names, else `defaults`, else clear names.

    `defaults`: the positive and the negative names of the layout; names that match no finding are ignored.
    `question`: the layout's question to the user where neither the user nor `defaults` decide.
    `partial`: named classes that are not found are ignored, and one class may have no films, for example where a
    hospital sends only positives.

    Raises:
        DataError: a named class is not found, or is in both classes; or no class was named and it is not clear which
            is which.
    """
    _refuse_both(positive, negative)
    by_name = {} if question else plain_sides(found)  # where the layout must ask, names alone do not decide
    if not positive and not negative and all(defaults) and not by_name:
        by_layout = _by_layout(found, defaults, partial)
        if by_layout is not None:
            return by_layout
    strangers = [name for name in (*positive, *negative) if not is_there(name, found)]
    if partial:
        rule = _with_what_is_there(found, positive, negative)
        if rule is not None:
            return rule
        positive, negative = (tuple(name for name in names if is_there(name, found)) for names in (positive, negative))
    plus = _named(positive, found, "data.positive")
    minus = _named(negative, found, "data.negative")
    named = Labels(minus, plus)
    rest = [label for label in found if named.class_index(label) is None and not missing(label)]
    if plus and not minus and len(rest) == 1:
        minus = (rest[0],)
    elif minus and not plus and len(rest) == 1:
        plus = (rest[0],)
    elif not plus and not minus and by_name:
        plus, minus = (by_name["positive"],), (by_name["negative"],)
    if plus and minus:
        return Labels(minus, plus)
    here = f"It is not clear which classes count{f' in {where}' if where else ''}, which has {counts_text(found)}"
    here += f", and nothing called {listing(strangers)}" if strangers else ""
    if plus or minus:
        raise DataError(_which(here, found, plus, minus))
    if question:
        raise DataError(f"{here}. {question}")
    raise DataError(_alone(found, where, defaults) or _which(here, found, (), ()))


def _by_layout(found: Mapping[str, int], defaults: tuple[Names, Names], partial: bool) -> Labels | None:
    """Return the layout's own rule; None where it finds no class, or only one and `partial` is not set."""
    plus, minus = (
        _named([name for name in names if is_there(name, found)], found, key)
        for names, key in zip(defaults, ("data.positive", "data.negative"), strict=True)
    )
    rule = Labels(minus or defaults[1], plus or defaults[0], by_layout=True)
    both = {rule.class_index(label) for label in found} >= {0, 1}
    return rule if (plus or minus) and (partial or both) else None


def _with_what_is_there(found: Mapping[str, int], positive: Names, negative: Names) -> Labels | None:
    """Return the rule where one of the classes may have no film; None where the names do not give one."""
    plus = _named([name for name in positive if is_there(name, found)], found, "data.positive")
    minus = _named([name for name in negative if is_there(name, found)], found, "data.negative")
    if (plus or minus) and (plus or positive) and (minus or negative):
        return Labels(minus or negative, plus or positive)
    of_class = {side(label): label for label in found}
    if len(found) == 1 and "" not in of_class:
        return Labels((of_class.get("negative", "negative"),), (of_class.get("positive", "positive"),))
    return None


def _alone(found: Mapping[str, int], where: str, defaults: tuple[Names, Names]) -> str:
    """Return what to do where all films are of one class; empty where they are not."""
    rule = Labels(defaults[1], defaults[0])
    of_rule = {rule.class_index(label) for label in found} - {None}
    if len(found) != 1 and not (all(defaults) and len(of_rule) == 1):
        return ""
    first, second = (defaults[0][:1], (ANY,)) if all(defaults) else suggested(found, (), ())
    return (
        f"{where or 'The data'} has films of one class alone ({counts_text(found)}); add films of the other with one "
        f"more --data, and say which count, {example(first, second)}"
    )


def _which(here: str, found: Mapping[str, int], plus: Names, minus: Names) -> str:
    """Return what to set where nothing decides the classes."""
    others = f" (or {ANY!r}, all others)" if len(found) > 2 else ""
    return f"{here}; say it, {example(*suggested(found, plus, minus))}{others}"


def _named(wanted: Iterable[str], found: Mapping[str, int], key: str) -> tuple[str, ...]:
    """Return the source's own spelling of each class in `wanted`."""
    result = []
    for name in wanted:
        alike = [label for label in found if whole(label) == whole(name)]
        if name in found or name == ANY:
            result.append(name)
        elif len(alike) == 1:
            result.append(alike[0])
        elif any(matches(label, name) for label in found):
            result.append(name)
        else:
            hint = near(name, found, "negative" if key.endswith("positive") else "positive")
            raise DataError(f"{key} names {name}, which is not a class of the data{hint} It has {counts_text(found)}.")
    return tuple(dict.fromkeys(result))


def _refuse_both(positive: tuple[str, ...], negative: tuple[str, ...]) -> None:
    """Check that no finding is named for both classes, in any spelling.

    Raises:
        DataError: one is named for both.
    """
    keys = {whole(name): name for name in negative}
    for name in positive:
        if (other := keys.get(whole(name))) is not None:
            alike = f", which {printable(other)} is too," if other != name else ""
            raise DataError(
                f"{printable(name)}{alike} cannot count as positive and as negative; change one of the two."
            )


def _check_asked(asked: Container[str], found: Mapping[str, int], positive: Names, negative: Names) -> None:
    """Check that the user, who named classes for these films, named ones that they have.

    A class may be absent where the names cover all findings, or where there is only one finding.

    Raises:
        DataError: a name is of no finding, and a finding has no name.
    """
    if len(found) < 2 or all(depth(label, (*positive, *negative)) >= 0 or missing(label) for label in found):
        return
    for key, names in (("data.positive", positive), ("data.negative", negative)):
        if key in asked:
            _named(names, found, key)


def _as_trained(trained: Sequence[str], found: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the positive and negative names from which `Labels.names` made `trained`, if one of them is in `found`."""
    if len(trained) != 2:
        return (), ()
    rule = Labels.named(trained)
    if not any(is_there(name, found) for name in (*rule.positive, *rule.negative) if name != ANY):
        return (), ()
    return rule.positive, rule.negative


def counted(collection: Collection, views: tuple[str, ...] = ("all",)) -> dict[str, int]:
    """Return the findings, with counts, of the films whose view is one of `views`; of all films if there are none."""
    seen = Counter(film.label for film in collection.films if keeps(views, film.view))
    return dict(sorted(seen.items())) or dict(collection.found)


def select(
    collection: Collection,
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    partial: bool = False,
    views: tuple[str, ...] = ("all",),
    trained: Sequence[str] = (),
    asked: Container[str] = (),
) -> tuple[Classed, Labels, dict[str, int]]:
    """Return the films to use, each with 0 (negative) or 1; the rule; and the number of films left out, by reason.

    `trained` are the negative and the positive name of a classifier (`Labels.names`), which decide where neither the
    user nor the layout nor the names of the findings do. `asked` are the settings, such as ``data.positive``, that were
    given for these films, and not for others: what they name must be there.

    Raises:
        DataError: as in `decide`, or a class that was asked for is none of the films'.
    """
    own = (collection.positive, collection.negative)
    found = counted(collection, views)
    _check_asked(asked, found, positive, negative)
    try:
        labels = decide(found, positive, negative, collection.shown, partial, own, collection.question)
    except DataError:
        plus, minus = _as_trained(trained, found)
        if positive or negative or not (plus and minus):
            raise
        labels = decide(found, plus, minus, collection.shown, partial)
    chosen = Classed()
    out = Counter(collection.left_out)
    for film in collection.films:
        class_index = labels.class_index(film.label)
        if not keeps(views, film.view):
            out[printable(film.not_frontal or f"a film of view {film.view or UNKNOWN} (data.views)")] += 1
        elif class_index is None:
            out[f"class {in_list(film.label)}"] += 1
        else:
            chosen.append(film, class_index)
    return chosen, labels, dict(sorted(out.items()))
