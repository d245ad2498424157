"""This module finds each film's patient: from the source, else by a pattern in the file's name, else the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from cxrtui.data.films import FILE_PATIENT, Film
from cxrtui.errors import ConfigError

# NIH ChestX-ray, BIMCV (and collections that use it), the children of Kermany et al., RICORD-1c: many collections hold
# films of these, under the same names.
KNOWN = (
    r"^(\d{8})_\d{3}\.|^(sub-S?\d+)_ses-|^(person\d+_(?:bacteria|virus))_|^((?:NORMAL2-)?IM-\d{4})-\d{4}"
    r"|^(MIDRC-RICORD-1C-(?:SITE)?\w+-\d{6})-"
)


def assign(films: Iterable[Film], pattern: str = "") -> tuple[Film, ...]:
    """Return the films, each with a patient: `FILE_PATIENT` and the film's name where only the file is known.

    Args:
        films: the films of a source; a patient that the source names is kept.
        pattern: a regular expression searched in the file's name, whose first group is the patient; if it is empty, the
            patterns of well-known collections are used.

    Raises:
        ConfigError: `pattern` is not a regular expression with a group.
    """
    try:
        finder = re.compile(pattern or KNOWN)
    except re.error as error:
        raise ConfigError(f"data.patient_pattern {pattern!r} is not a regular expression: {error}.") from None
    if not finder.groups:
        raise ConfigError(f"data.patient_pattern {pattern!r} needs a group, for example ^(\\d+)_, that is the patient.")
    result = []
    for film in films:
        if not film.patient:
            found = finder.search(film.path.name)
            patient = _group(found) if found else ""
            film = replace(film, patient=patient or FILE_PATIENT + film.name,
                           patient_everywhere=bool(patient) and not pattern)  # fmt: skip
        result.append(film)
    return tuple(result)


def _group(found: re.Match[str]) -> str:
    """Return the first group that matched."""
    return next((group for group in found.groups() if group), "")
