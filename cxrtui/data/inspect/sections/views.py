"""This section counts the films' projections: PA, AP, lateral."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section, by_frequency
from cxrtui.data.sources.layouts.words import UNKNOWN


def section(look: Look) -> Section:
    """Count films by view."""
    return Section("views", "views", by_frequency(film.view or UNKNOWN for film in look.collection.films))
