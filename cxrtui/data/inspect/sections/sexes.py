"""This section counts the patients' sex, as the source gives it for each film."""

from __future__ import annotations

from cxrtui.data.inspect.section import NOT_SAID, Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count films by sex."""
    return Section("sexes", "sex", by_frequency(film.sex or NOT_SAID for film in look.collection.films))
