"""This section lists films that cannot be read."""

from __future__ import annotations

from cxrtui.data.films import printable
from cxrtui.data.inspect.section import Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count unreadable films by reason, and list each of them."""
    files = [
        (printable(film.path), reason)
        for film, reason in zip(look.collection.films, look.headers, strict=True)
        if isinstance(reason, str)
    ]
    alone = ["by their headers alone; damage behind those is found when the films are decoded"]
    notes = alone if not look.decoded else []
    return Section("unreadable", "unreadable", by_frequency(reason for _, reason in files), notes, files)
