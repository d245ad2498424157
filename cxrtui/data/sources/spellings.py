"""This module cleans a source's words: it removes words that are no patient or finding, and unifies spellings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from cxrtui.data.films import Film
from cxrtui.data.findings import canonical, findings, levels, no_patient

NO_FINDING = "a film without a finding"
_SEPARATOR = ", "


def understood(films: Sequence[Film], tally: Counter[str]) -> list[Film]:
    """Return the films with only real patients, and with labels that list their findings separated by commas.

    A film that has no finding is left out and counted in `tally`. Zero is a patient only where patients are numbered
    from zero, so that ``1`` and ``2`` also occur; ``-`` is a finding only where ``+`` also occurs.
    """
    patients = {film.patient.strip() for film in films}
    nobody = {name for name in patients if no_patient(name) and not _first_of_a_row(name, patients)}
    signs = any(film.label.strip() == "+" for film in films)
    result = []
    for film in films:
        listed = ("-",) if signs and film.label.strip() == "-" else findings(film.label)
        if not listed:
            tally[NO_FINDING] += 1
            continue
        patient = "" if film.patient.strip() in nobody else film.patient
        label = _SEPARATOR.join(listed)
        result.append(film if (patient, label) == (film.patient, film.label) else
                      replace(film, patient=patient, label=label))  # fmt: skip
    return result


def _first_of_a_row(name: str, patients: set[str]) -> bool:
    """Whether `name` is the zero of patients who are numbered from zero: ``00``, ``01``, ``02``."""
    return set(name) == {"0"} and {"1".zfill(len(name)), "2".zfill(len(name))} <= patients


def one_spelling(films: Iterable[Film]) -> tuple[list[Film], dict[str, tuple[str, ...]]]:
    """Return the films with each finding in its most frequent spelling, and the other spellings by that one."""
    listed = list(films)
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label, count in Counter(film.label for film in listed).items():
        for item in label.split(_SEPARATOR):
            counts[_key(item)][item] += count
    chosen = {key: min(found, key=lambda item: (-found[item], item)) for key, found in counts.items()}
    result = []
    for film in listed:
        label = _SEPARATOR.join(dict.fromkeys(chosen[_key(item)] for item in film.label.split(_SEPARATOR)))
        result.append(film if label == film.label else replace(film, label=label))
    others = {chosen[key]: tuple(sorted(set(found) - {chosen[key]})) for key, found in counts.items() if len(found) > 1}
    return result, dict(sorted(others.items()))


def joined(
    parts: Iterable[Mapping[str, tuple[str, ...]]], chosen: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the other spellings of several sources together, by the spelling `chosen` for all of them."""
    into = {other: name for name, others in chosen.items() for other in others}
    merged: defaultdict[str, set[str]] = defaultdict(set)
    for part in (*parts, chosen):
        for name, others in part.items():
            merged[into.get(name, name)] |= {name, *others}
    return {name: tuple(sorted(others - {name})) for name, others in sorted(merged.items())}


def _key(item: str) -> str:
    return "/".join(map(canonical, levels(item)))
