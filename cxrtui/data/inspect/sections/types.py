"""This section counts the files' types, by their content."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count films by file type."""
    misnamed = sum(header.misnamed for header in look.read)
    notes = [f"{misnamed} files' endings speak of another type"] if misnamed else []
    return Section("types", "file types", by_frequency(header.kind for header in look.read), notes)
