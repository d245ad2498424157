"""This section counts how many films a patient has."""

from __future__ import annotations

from collections import Counter

from cxrtui.data.inspect.section import Look, Section

_MOST = 5


def section(look: Look) -> Section:
    """Count patients by their number of films."""
    films_of = Counter(film.patient for film in look.collection.films if film.patient_known)
    patients_with = Counter(films_of.values())
    numbers = sorted(patients_with)
    counts = {f"with {number} film{'s' * (number > 1)}": patients_with[number] for number in numbers[:_MOST]}
    if more := sum(patients_with[number] for number in numbers[_MOST:]):
        counts["with more"] = more
    unknown = sum(not film.patient_known for film in look.collection.films)
    notes = [f"{len(films_of):,} patients, {max(films_of.values())} films at most"] if films_of else []
    rules = {film.patient: film.patient_rule for film in look.collection.films if film.patient_known}
    notes += [f"{count:,} of these by {rule}" for rule, count in Counter(rules.values()).most_common()]
    if unknown:
        notes.append(f"{unknown:,} films' patients are not known; data.patient_pattern may find them in the names")
    return Section("patients", "patients", counts, notes, unit="patients")
