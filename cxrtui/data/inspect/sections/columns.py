"""This section says how the columns of tables were understood."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Return a note for each column, or for each that was not read."""
    return Section("columns", "columns", notes=list(look.collection.columns))
