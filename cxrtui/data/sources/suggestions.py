"""This module suggests in a message what to set where the classes are not clear; it never swaps the classes."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping

from cxrtui.data.films import printable
from cxrtui.data.findings import findings
from cxrtui.data.sources.layouts.words import plain
from cxrtui.data.sources.matching import ANY, matches
from cxrtui.data.sources.sides import container, side, without_numbers
from cxrtui.settings.config import as_text

_VIRUS = re.compile(r"covid|corona|sars|ncov", re.IGNORECASE)


def suggested(
    found: Mapping[str, int], plus: tuple[str, ...], minus: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what could be named as positive and as negative; nothing where the names do not show which is which."""
    items = list(dict.fromkeys(item for label in found for item in findings(label) if not container(item)))
    open_to = [item for item in items if not any(matches(item, name) for name in (*plus, *minus))]
    words = without_numbers(items)
    sides = {
        word: [item for item in open_to if side(words.get(item, item)) == word] for word in ("positive", "negative", "")
    }
    first, second = plus or tuple(sides["positive"][:1]), minus or tuple(sides["negative"][:1])
    # Then the remaining finding is the other class, unless it is of the same disease, such as a suspicion of it.
    lonely = len(sides[""]) == 1 and len(found) == 2 and not (first and _VIRUS.search(sides[""][0]))
    if lonely and second and not first:
        first = tuple(sides[""])
    elif lonely and first and not second:
        second = tuple(sides[""])
    elif len(found) == 1 and first and not second:
        second = (ANY,)
    return first, second


def example(first: tuple[str, ...], second: tuple[str, ...]) -> str:
    """Return how to name both classes on the command line; CLASS stands for what only the user knows."""
    sides = [
        f"--set data.positive={_quoted(first or ('CLASS',))}",
        f"--set data.negative={_quoted(second or ('CLASS',))}",
    ]
    return f"{'for example ' if first and second else ''}with {' '.join(sides)}"


def _quoted(labels: tuple[str, ...]) -> str:
    """Quote class names for a shell and then for a setting."""
    return shlex.quote(as_text(tuple(map(printable, labels))))


def near(name: str, found: Mapping[str, int], opposite: str) -> str:
    """Return the end of a message about an unknown `name`: the finding that it resembles, except the `opposite`."""
    fit = {plain(label): label for label in found if side(label) != opposite and not container(label)}
    close = difflib.get_close_matches(plain(name), list(fit), n=1, cutoff=0.4)
    # If a name contains the other, as non-COVID contains COVID, it may be its negation.
    close = [one for one in close if one not in plain(name) and plain(name) not in one]
    return f"; did you mean {printable(fit[close[0]])}?" if close else "."
