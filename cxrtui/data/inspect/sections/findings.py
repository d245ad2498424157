"""This section counts the source's findings, and lists their spellings."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section, by_frequency
from cxrtui.printable import in_list, listing


def section(look: Look) -> Section:
    """Count films by finding."""
    spellings = look.collection.spellings.items()
    notes = [f"{in_list(name)} is also spelt {listing(others)}" for name, others in spellings]
    return Section("classes", "findings", by_frequency(film.label for film in look.collection.films), notes)
