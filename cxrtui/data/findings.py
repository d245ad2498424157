"""This module interprets a source's words for findings and patients: lists, missing values, and different spellings.

It reads no files. Every layout, manifest and rule calls these functions, so that a word means the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache, partial

_MISSING = frozenset(
    {
        "", "nan", "none", "null", "nil", "na", "n/a", "n.a.", "n.a", "nat", "<na>", "<nan>", "#n/a", "#na", "#value!",
        "?", ".", "..", "...", "…", "undefined", "unk", "todo", "tbd", "unspecified", "missing", "empty", "blank",
        "nodata", "unlabeled", "unlabelled", "unannotated", "<null>", "<none>", "\\n", "#ref!", "#name?", "#null!",
        "#num!", "#div/0!",
    }
)  # fmt: skip
_NOT_SAID = re.compile(
    r"not (known|set|given|available|applicable|specified|reported|stated|done|recorded|determined|assessed|labell?ed)"
    r"|(no|missing) (label|data|info|information|annotation|diagnosis|value|entry)|n[/\\][aks]|n\. ?[aks]|unavailable"
    r"|unknown( (finding|diagnosis|label|class|value))?|unidentified|none given"
)
_NOBODY = re.compile(
    r"anon[a-z]*( (patient|person|case))?|de ?id(entified)?|removed|redacted|hidden|withheld|dummy|nobody|unnamed"
    r"|(no|unknown|test) ?(id|name|patient|body)|tests?( case)?|(patients?|subject|person)( ?(id|name))?|id|mrn|x+"
    r"|(unknown|missing) \(?anonym[a-z]*\)?"
    r"|[0 ]+([.,]0+)?|phi|masked|private|confidential|unbekannt|inconnu|(john|jane) doe|doe (john|jane)|n\.? ?n\.?"
)
_BELOW_NOUGHT = re.compile(r"[-\u2212]\d+([.,]0+)?")
_WRAPPED = re.compile(r"\[.*\]|\(.*\)|\{.*\}|(?:(?:np\.)?array|(?:frozen)?set|list|tuple)\(.*\)", re.DOTALL)
# Each part ends at the first mark of its kind, so that matching takes time linear in the cell's length.
_PAIR = re.compile(r"(?:'([^']*)'|\"([^\"]*)\")\s*:(?:\s*'([^']*)'\s*|\s*\"([^\"]*)\"\s*|([^,}'\"]*))(?=[,}])")
_FLAGS = {"true": True, "yes": True, "positive": True, "present": True, "false": False, "no": False, "negative": False,
          "absent": False, "none": False, "null": False, "": False}  # fmt: skip
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
# The last three of the first group are the commas and the semicolon of Chinese tables.
_LISTED = re.compile(r"[,;|\n\r\t\u3001\uff0c\uff1b]|\s[+&]\s|\s/\s")
_LEVEL = re.compile(r"(?<=\S)/(?=\S)")
_NOT_LEVELS = re.compile(r"\b(?:w/o?|n/a)\b|#n/a", re.IGNORECASE)
# Single findings of RSNA and VinDr-CXR that contain a slash.
_WHOLE = frozenset({"no lung opacity / not normal", "nodule/mass"})
# Words that begin a hierarchy, as in ieee8023's Pneumonia/Viral/COVID-19; elsewhere a slash joins two findings.
_GENERAL = re.compile(
    r"(?:viral |bacterial |fungal |lung )?(?:pneumonia|infection|disease|abnormality|abnormal|opacity|opacities)",
    re.IGNORECASE,
)

_NUMBER = re.compile(r"[+\-\u2212]?\d+(?:[.,]\d+)?")
_SIGNED = re.compile(r"(covid(?:[\s_\-]?19)?)(?:[\s_]*\(?\s*([+\-\u2212\u2013])\s*\)?)", re.IGNORECASE)
_X_RAY = re.compile(r"\bx[\s_\-]?ray")
_KEPT_S = ("ss", "us", "is")
_ABBREVIATED = frozenset({"sars", "mers", "ards", "aids"})
_OF_FILMS = frozenset(
    {"film", "case", "image", "img", "picture", "patient", "subject", "person", "people", "class", "scan", "cxr",
     "xray", "radiograph", "group", "sample"}
)  # fmt: skip
_VIRUS = (
    r"(?:(?:novel)?(?:covid|corona(?:virus)?(?:disease)?|cov(?=(?:20)?19))(?:20)?(?:19)?|sarscov(?:id)?2|(?:2019)?ncov(?:2019)?"
    r"|hcov19)"
)
_COVID = re.compile(
    rf"(?:confirmed|positive|pos)?{_VIRUS}(?:virus)?(?:infection|disease)?(?:{_VIRUS})?(?:viral)?"
    r"(?:pneumonia|infection|disease)?(?:positive|pos|confirmed|yes)?"
)
_NOT_COVID = re.compile(
    rf"(?:(?:no|non|not|without|negativefor){_VIRUS}(?:pneumonia|infection|disease)?"
    rf"|{_VIRUS}(?:pneumonia|infection|disease)?(?:negative|neg|absent|no|free)|(?:negative|neg|absent){_VIRUS})"
)
_NORMAL = re.compile(
    r"(?:normal|healthy)(?:chest|lung|control|volunteer|finding|appearance|study|exam)?|(?:no|without|nil)(?:any)?"
    r"(?:acute|abnormal|significant|pathological|radiological|other)?(?:cardiopulmonary)?"
    r"(?:finding|abnormality|abnormalitie|disease|pathology)(?:detected|seen|present|found|noted)?"
    r"|(?:negative|normal|healthy)control|unremarkable|nad|wnl|withinnormallimit"
)
COVID, NOT_COVID, NORMAL = "covid19", "notcovid19", "normal"


def missing(text: str) -> bool:
    """Whether a cell has no value: blank, ``nan``, ``None``, ``N/A``, ``null``, ``[]``, only dashes and the like."""
    word = _bare(text).casefold()
    words = re.sub(r"[\s_\-]+", " ", word).strip(" .")
    if word in _MISSING or word.rstrip(".") in _MISSING or not word.strip("-_\u2013\u2014\u2212 "):
        return True
    if _NOT_SAID.fullmatch(words):
        return True
    each = words.split()
    if len(each) > 1 and len({*each}) == 1:  # "nan nan" comes from joined columns
        return missing(each[0])
    if _WRAPPED.fullmatch(word):
        return all(missing(item) for item in _items(word))
    return False


def no_patient(text: str) -> bool:
    """Whether a cell names no patient: `missing`, ``anonymous``, ``test``, ``0``, ``00000000``, ``XXXX``, ``***``.

    ``0012`` is a patient. Zero is not, because anonymous collections write it for every patient; a negative number is
    not, because pandas and surveys write it for a missing value.
    """
    bare = _bare(text).strip("[](){}<> ")
    word = re.sub(r"[\s_\-^]+", " ", bare).strip().casefold()
    first, _, rest = word.partition(" ")  # Anonymous^Anonymous
    alone = first if first == rest else word.removeprefix("patient ").removeprefix("id ")
    return (
        missing(text) or missing(alone) or any(map(_NOBODY.fullmatch, (word, alone))) or not any(map(str.isalnum, word))
        or _BELOW_NOUGHT.fullmatch(bare) is not None
    )  # fmt: skip


def findings(cell: str) -> tuple[str, ...]:
    """Return the findings in a cell, in order and without repeats; there are none where the cell is `missing`.

    They may be joined by ``,`` ``;`` ``|`` ``/`` or be a list as Python and NumPy print one (``['a', 'b']``, ``['a'
    'b']``). A slash in a hierarchy, which begins with a general word (``Pneumonia/Viral/COVID-19``), is no separator.
    """
    return tuple(dict.fromkeys(item for item in _items(cell) if not missing(item)))


def _items(cell: str) -> list[str]:
    text = cell.strip()
    if _WRAPPED.fullmatch(text):
        found = _PAIR.findall(text) if text[0] == "{" else []
        if pairs := [(one or two, (three or four or five).strip()) for one, two, three, four, five in found]:
            return [item for given in _of_pairs(pairs) for item in _split(given)]
        quoted = [one or other for one, other in _QUOTED.findall(text)]
        # NumPy prints quoted words without commas between them, and Python may print words without quotes.
        inner = quoted or re.split(r",|;|\||\n", text[text.find("(") + 1 :].strip("[](){} ") if text[0] not in "[({"
                                   else text.strip("[](){} "))  # fmt: skip
        return [item for one in inner for item in _split(one)]
    return _split(text)


def _of_pairs(pairs: list[tuple[str, str]]) -> list[str]:
    """Return the findings of ``{'COVID-19': 1, 'ARDS': 0}``, and of ``{'finding': 'COVID-19'}``."""
    flags = [_flag(value) for _, value in pairs]
    if None in flags:
        return [value for _, value in pairs]
    return [key for (key, _), flag in zip(pairs, flags, strict=True) if flag]


def _flag(value: str) -> bool | None:
    """Return whether a flag or a probability says that the finding is present; None where `value` is another word."""
    try:
        return float(value) >= 0.5
    except ValueError:
        return _FLAGS.get(value.casefold())


def _split(text: str) -> list[str]:
    text = _bare(text)
    if text.casefold() in _WHOLE or text.casefold() in _MISSING:
        return [text]
    result = []
    for part in _LISTED.split(text):
        part = _bare(part)
        whole = part.casefold() in _WHOLE or _NOT_LEVELS.search(part)
        levels = [part] if whole else _LEVEL.split(part)
        if len(levels) > 1 and not _GENERAL.fullmatch(levels[0].strip()):
            result += [_bare(level) for level in levels]
        else:
            result.append(part)
    return [item for item in result if item]


def levels(finding: str) -> list[str]:
    """Return a finding's levels, the general one first: ``Pneumonia/Viral`` gives two, other findings give one."""
    return [finding] if finding.casefold() in _WHOLE or _NOT_LEVELS.search(finding) else _LEVEL.split(finding)


def _bare(text: str) -> str:
    """Return `text` without blanks and quotes around it; ``"a", "b"`` keeps its quotes, which enclose two words."""
    text = text.strip().strip("\ufeff\u200b\u200c\u200d\u2060").strip()
    while len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        if text[0] in (inner := text[1:-1]) and not (inner[0] == inner[-1] == text[0]):
            break
        text = text[1:-1].strip()
    return text


@lru_cache(maxsize=8192)
def canonical(finding: str) -> str:
    """Return the key that all spellings of one finding share; use it to compare findings, not to show them.

    The key ignores case, blanks, ``_``, ``-``, full stops, colons and the like, plurals, and words such as ``cases`` or
    ``films`` at the end. All usual names of COVID-19 have one key, all names of normal have another, and all names of
    negative for COVID-19 have a third. A number keeps its sign, and ``1.0`` is ``1``.
    """
    text = unicodedata.normalize("NFKC", _bare(finding)).casefold()
    if _NUMBER.fullmatch(text):
        number = float(text.replace(",", ".").replace("\u2212", "-"))
        return str(int(number)) if number.is_integer() else str(number)
    if signed := _SIGNED.fullmatch(text):
        return COVID if signed[2] == "+" else NOT_COVID
    words = [
        _singular(word)
        for word in re.split(r"[\s_\-\u2010-\u2015\u2212.:=?!()\[\]]+", _X_RAY.sub("xray", text))
        if word
    ]
    while len(words) > 1 and words[-1] in _OF_FILMS:
        words.pop()
    key = "".join(words)
    if _NOT_COVID.fullmatch(key):
        return NOT_COVID
    if _COVID.fullmatch(key):
        return COVID
    return NORMAL if _NORMAL.fullmatch(key) else key or text


def same_finding(one: str, other: str) -> bool:
    """Whether two names are spellings of one finding."""
    return canonical(one) == canonical(other)


def same_findings(cell: str, other: str) -> bool:
    """Whether two cells give the same findings, in any order and spelling.

    A hierarchy equals its last level: ``Pneumonia/Viral/COVID-19`` is the same as ``COVID-19``.
    """
    ones, others = ([tuple(map(canonical, levels(item))) for item in findings(text)] for text in (cell, other))
    return all(any(map(partial(_ends_alike, item), there)) for here, there in ((ones, others), (others, ones))
               for item in here)  # fmt: skip


def _ends_alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    count = min(len(one), len(other))
    return one[-count:] == other[-count:]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(_KEPT_S) and word not in _ABBREVIATED
    return word[:-1] if plural else word
