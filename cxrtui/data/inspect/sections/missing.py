"""This section counts the facts that the source does not give for its films."""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.data.films import Film
from cxrtui.data.inspect.section import Look, Section

_LACKS: dict[str, Callable[[Film], bool]] = {
    "patient": lambda film: not film.patient_known,
    "source": lambda film: not film.source,
    "view": lambda film: not film.view,
    "sex": lambda film: not film.sex,
    "age": lambda film: not film.age,
    "offset": lambda film: not film.offset,
}


def section(look: Look) -> Section:
    """Count the films without each fact."""
    films = look.collection.films
    counts = {name: count for name, lacks in _LACKS.items() if (count := sum(map(lacks, films)))}
    return Section("missing", "without", counts)
