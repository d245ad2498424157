"""This module finds each film's patient: from the source, else by a rule for the file's name, else the file.

The rules for names are the user's pattern or, if there is none, those of well-known collections and then those of
series (`series`). `Film.patient_rule` says which of them gave a patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cxrtui.data.films import FILE_PATIENT, RULE_PATTERN, RULE_SERIES, RULE_SOURCE, Film
from cxrtui.data.sources.series import series
from cxrtui.errors import ConfigError

# Many collections hold films of these, under the same names.
KNOWN = {
    "names as of NIH ChestX-ray14": r"^(\d{8})_\d{3}\.",
    "names as of BIMCV-COVID19": r"^(sub-S?\d+)_ses-",
    "names as of Kermany's children": r"^(person\d+_(?:bacteria|virus))_|^((?:NORMAL2-)?IM-\d{4})-\d{4}",
    "names as of RICORD-1c": r"^(MIDRC-RICORD-1C-(?:SITE)?\w+-\d{6})-",
}
_KNOWN = {rule: re.compile(pattern) for rule, pattern in KNOWN.items()}


def assign(films: Iterable[Film], pattern: str = "") -> tuple[Film, ...]:
    """Return the films, each with a patient: `FILE_PATIENT` and the film's name where only the file is known.

    Args:
        films: the films of a source; a patient that the source names is kept.
        pattern: a regular expression searched in the file's name, whose first group is the patient; if it is empty, the
            patterns of well-known collections and the endings of series are used.

    Raises:
        ConfigError: `pattern` is not a regular expression with a group.
    """
    finder = _compiled(pattern)
    found = [_by_name(film, finder) for film in films]
    return tuple(found) if finder else _by_series(found)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return the user's pattern; None if it is empty.

    Raises:
        ConfigError: it is not a regular expression with a group.
    """
    try:
        finder = re.compile(pattern) if pattern else None
    except re.error as error:
        raise ConfigError(f"data.patient_pattern {pattern!r} is not a regular expression: {error}.") from None
    if finder is not None and not finder.groups:
        raise ConfigError(f"data.patient_pattern {pattern!r} needs a group, for example ^(\\d+)_, that is the patient.")
    return finder


def _by_name(film: Film, finder: re.Pattern[str] | None) -> Film:
    if film.patient:
        return replace(film, patient_rule=RULE_SOURCE)
    for rule, known in {RULE_PATTERN: finder}.items() if finder is not None else _KNOWN.items():
        if (found := known.search(film.path.name)) and (patient := _group(found)):
            return replace(film, patient=patient, patient_everywhere=finder is None, patient_rule=rule)
    return replace(film, patient=FILE_PATIENT + film.name)


def _by_series(films: Sequence[Film]) -> tuple[Film, ...]:
    """Return `films` with the patients of series, where a film's patient is not known otherwise."""
    found = series(film for film in films if not film.patient_known)
    return tuple(
        replace(film, patient=found[film.name], patient_rule=RULE_SERIES) if film.name in found else film
        for film in films
    )


def _group(found: re.Match[str]) -> str:
    """Return the first group that matched."""
    return next((group for group in found.groups() if group), "")
