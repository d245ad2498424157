"""This module decides from a finding's name whether it is positive, negative, or neither."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import permutations

from cxrtui.data.findings import COVID, NORMAL, NOT_COVID, canonical, findings, missing

# Words that have a class only together with their opposite; the positive one is second.
_OPPOSITES = (
    ("0", "1"), ("false", "true"), ("no", "yes"), ("absent", "present"), ("negative", "positive"), ("neg", "pos"),
    ("control", "case"), ("without", "with"), ("uninfected", "infected"), ("n", "y"), ("f", "t"), ("-", "+"),
)  # fmt: skip
# Words for health: their negation means that there is a finding, so the user is asked.
_GOOD = re.compile(
    r"(lung|chest|cxr)?(ok|okay|fine|good|well|clear|clean|free|safe|stable|intact|benign|usual|remarkable|recovered|healed"
    r"|cured|survived|discharged|vaccinated|immune|available|known|usable|readable|valid)"
)
_ILL = frozenset(
    {"abnormal", "abnormality", "unhealthy", "sick", "ill", "disease", "diseased", "pathology", "pathologic",
     "pathological", "finding"}
)  # fmt: skip
# 0_normal, 1. COVID, (2) Pneumonia; and covid_1, normal (120).
_NUMBERED = (
    re.compile(r"\(?(?P<number>\d{1,3})(?:\)\s*|\s*[_.:\-]\s*|\s+)(?P<word>[^\W\d_].*)"),
    re.compile(r"(?P<word>.*[^\W\d_])(?:\s*[_\-]\s*|\s+)\(?(?P<number>\d{1,6})\)?"),
)
_ASKED = re.compile(r"^(is|was|are|looks?|appears?)(?=.)")
_DENIALS = ("absence", "without", "negative", "freeof", "ruledout", "exclu", "noevidence", "nosign")
_SHORT = 4  # the fewest letters of a name that is searched in others
_NAMED_VIRUS = re.compile(r"covid|sars[\W_]*cov[\W_]*2|ncov", re.IGNORECASE)
_DENIED = re.compile(r"(?<![a-z])(no|non|not|without|negative|excluded|absen\w*)(?![a-z])|(?<![a-z])non", re.IGNORECASE)
_LONG = 2  # the fewest letters of a word that may stand beside another: _n, _y, -f, -t may be anything
_NEGATIONS = ("no", "non", "not", "without", "absent", "absenceof", "negativefor", "un", "free")
_NEGATIVE = frozenset({NORMAL, NOT_COVID, "negative", "neg", "control"})
_POSITIVE = frozenset({COVID, "positive", "pos"})
_CONTAINERS = re.compile(
    r"(images?|imgs?|pictures?|pics?|photos?|films?|(chest[\s_-]?)?x[\s_-]?rays?|cxrs?|radiographs?|scans?|dicoms?|dcms?"
    r"|pngs?|jpe?gs?|tiffs?|data ?(sets?)?|files?|archive|raw|all|inputs?|outputs?|source|src|masks?|labels?"
    r"|annotations?|segmentations?|ground[\s_-]?truths?|(new |untitled )?folder|folds?|parts?|samples?"
    r"|train|training|trn|tr|val|valid|validation|dev|test|testing|tst|ts|holdout|unlabell?ed)"
    r"([\s_-]*(set|data|images?|imgs?|folder|files?|png|jpe?g|dicom))?([\s_-]*v?\d+)*"
    r"|(patient|pat|subject|sub|study|series|session|ses)[\s_-]*\d+",
    re.IGNORECASE,
)


def container(name: str) -> bool:
    """Whether a folder's name is no finding, because it holds films, a split of them, or the films of one person.

    Examples are ``images_001``, ``train``, ``patient00001``.
    """
    return _CONTAINERS.fullmatch(name.strip()) is not None


def side(finding: str) -> str:
    """Return ``positive`` or ``negative`` where a name says so, else nothing; a list is positive if an item is."""
    found = {_side(canonical(item)) for item in findings(finding)}
    if "positive" in found:
        return "positive"
    return "negative" if found == {"negative"} else ""


def _side(key: str) -> str:
    return "positive" if key in _POSITIVE else "negative" if key in _NEGATIVE else ""


def holds(finding: str, name: str) -> bool:
    """Whether the words of `finding` contain `name` and do not negate it, as in ``COVID-19 and ARDS`` for COVID-19."""
    if _DENIED.search(finding) or side(finding) == "negative":
        return False
    part = canonical(name)
    if part == COVID:
        return _NAMED_VIRUS.search(finding) is not None
    return len(part) >= _SHORT and part in canonical(finding)


def without_numbers(items: Iterable[str]) -> dict[str, str]:
    """Return the word of each name, where all have a number and a different word: ``normal`` for ``0_normal``."""
    names = list(dict.fromkeys(items))
    for form in _NUMBERED:
        matched = [form.fullmatch(name.strip()) for name in names]
        words = {name: found["word"] for name, found in zip(names, matched, strict=True) if found}
        numbers = {found["number"] for found in matched if found}
        if len(names) > 1 and len(numbers) == len(set(map(canonical, words.values()))) == len(names):
            return words
    return {}


def plain_sides(found: Mapping[str, int]) -> dict[str, str]:
    """Return the two classes by side, where the names in `found` make them clear; else nothing.

    Two classes are clear where one name is positive and one is negative, or where they are opposites (``0`` and ``1``,
    ``No`` and ``Yes``, ``no tuberculosis`` and ``tuberculosis``). Findings listed with the positive one are ignored,
    and so are numbers of classes (``0_normal`` and ``1_covid``).
    """
    lists = [findings(label) or (label,) for label in found if not missing(label) or "+" in found]
    words = without_numbers(item for listed in lists for item in listed)
    if words and all(len(listed) == 1 for listed in lists):
        whole = {word: item for item, word in words.items()}
        if by_word := plain_sides(dict.fromkeys(whole, 1)):
            return {which: whole[word] for which, word in by_word.items()}
    items = {canonical(item): item for listed in lists for item in listed}
    of_side = {word: [key for key in items if _side(key) == word] for word in ("positive", "negative")}
    if all(len(keys) == 1 for keys in of_side.values()):
        plus, minus = of_side["positive"][0], of_side["negative"][0]
        keys = [set(map(canonical, listed)) for listed in lists]
        if all(plus in held or held == {minus} for held in keys) and not any(
            minus in held and len(held) > 1 for held in keys
        ):
            return {"positive": items[plus], "negative": items[minus]}
    if len(lists) == 2 == len(items) and all(len(listed) == 1 for listed in lists):
        for minus, plus in permutations(items):
            if _opposite(minus, plus):
                return {"positive": items[plus], "negative": items[minus]}
    return {}


@lru_cache(maxsize=1024)
def _opposite(minus: str, plus: str) -> bool:
    """Whether `minus` is the negation of `plus`."""
    if minus == NORMAL or plus == NORMAL:
        return minus == NORMAL and (plus in _ILL or plus in {word + NORMAL for word in _NEGATIONS})
    if any(minus in (word + plus, plus + word) for word in _NEGATIONS):
        return _side(plus) != "negative" and _GOOD.fullmatch(plus) is None
    if plus == minus + "+":  # TB- and TB+: the key keeps only the plus
        return True
    for no, yes in _OPPOSITES:
        if (minus, plus) == (no, yes):
            return True
        if len(yes) < _LONG and not yes.isdigit():
            continue
        ends = minus.removesuffix(no) if minus.endswith(no) and plus.endswith(yes) else ""
        starts = minus.removeprefix(no) if minus.startswith(no) and plus.startswith(yes) else ""
        for stem, other in ((ends, plus.removesuffix(yes)), (starts, plus.removeprefix(yes))):
            # 10 and 11 are not opposites, and a film with Normal 1 is negative.
            if stem and stem == other and not stem[-1].isdigit() and not _denied(canonical(stem)):
                return True
    return False


def _denied(key: str) -> bool:
    """Whether a yes for `key` means that there is no finding, as with ``normal``, ``clear`` and ``TB-free``."""
    key = _ASKED.sub("", key)
    return (
        _side(key) == "negative" or _GOOD.fullmatch(key) is not None or key.endswith("free") or key.startswith(_DENIALS)
    )
