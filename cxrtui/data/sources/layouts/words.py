"""This module translates the words of many sources for view, sex, age and publisher into one vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from cxrtui.data.findings import missing

FRONTAL = ("PA", "AP", "AP supine")
LATERAL = "lateral"
OBLIQUE = "oblique"
UNKNOWN = "unknown"

_VIEWS = {
    "pa": "PA", "postero anterior": "PA", "posteroanterior": "PA", "pa erect": "PA",
    "ap": "AP", "antero posterior": "AP", "anteroposterior": "AP", "ap erect": "AP", "ap semi erect": "AP",
    "ap portable": "AP", "portable": "AP", "ap supine": "AP supine", "supine": "AP supine",
    "ap horizontal": "AP supine",
    "l": LATERAL, "ll": LATERAL, "rl": LATERAL, "lateral": LATERAL, "lat": LATERAL, "left lateral": LATERAL,
    "right lateral": LATERAL, "lld": LATERAL, "rld": LATERAL,
    **dict.fromkeys(("oblique", "rao", "lao", "rpo", "lpo", "rlo", "llo"), OBLIQUE),
}  # fmt: skip
_SEXES = {"f": "F", "female": "F", "w": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
_CT = frozenset({"ct", "cts", "computed tomography"})
_SLICES = frozenset({"axial", "coronal", "sagittal"})
_SHARED_HOSTS = frozenset({"github.com", "kaggle.com", "raw.githubusercontent.com"})


def given(text: str) -> str:
    """Return `text` without spaces at its ends; empty where it means a missing value."""
    text = text.strip()
    return "" if missing(text) else text


def plain(text: str) -> str:
    """Return a name without case, dashes, underscores and spaces at the ends."""
    return re.sub(r"[\s_\-]+", " ", text).strip().casefold()


def view(text: str) -> str:
    """Return PA, AP, AP supine, lateral or oblique; an unknown word is returned unchanged."""
    word = given(text)
    return _VIEWS.get(plain(word), word)


def sex(text: str) -> str:
    """Return F, M, or the source's own word."""
    word = given(text)
    return _SEXES.get(word.casefold(), word)


def age(text: str) -> str:
    """Return years where readable (``65.0``, ``065Y``, ``[65]``, ``18M``); else the source's own word, as ``50+``."""
    word = given(text).strip("[]'\" ")
    if match := re.fullmatch(r"0*(\d{1,3})(?:\.(\d+))?\s*([YMWDymwd]?)(?:ears?|onths?|eeks?|ays?|rs?)?", word):
        whole, per_year = int(match[1]), {"m": 12, "w": 52, "d": 365}.get(match[3].casefold(), 1)
        if whole // per_year <= 120:
            return str(whole // per_year)
    return word


def is_ct(modality: str, of_view: str = "") -> bool:
    """Whether these words describe a CT slice and not an X-ray."""
    return plain(modality) in _CT or plain(of_view) in _SLICES


def publisher(url: str, within: bool = False) -> str:
    """Return the host of `url`; `within` adds the owner on a shared host (``github.com/armiro/COVID-CXNet``)."""
    text = given(url)
    if not text:
        return ""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if within and host in _SHARED_HOSTS:
        return "/".join([host, *[part for part in parts.path.split("/") if part][:2]])
    return host


def keeps(views: Iterable[str], of_film: str) -> bool:
    """Whether films of the view `of_film` are wanted; an unknown view counts as frontal."""
    wanted = set(views)
    known = of_film if of_film in (*FRONTAL, LATERAL, OBLIQUE) else UNKNOWN
    if "all" in wanted or known in wanted:
        return True
    return "frontal" in wanted and known not in (LATERAL, OBLIQUE) and plain(of_film) not in _SLICES
