"""This section lists films that break the rules of their format, and how they were read."""

from __future__ import annotations

from cxrtui.data.images.notes import by_kind
from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Count films by remark, and list the remarks on each."""
    counts = {kind.text: len(kind.names) for kind in by_kind(look.notes)}
    return Section("remarks", "remarks", counts, files=[(path, "; ".join(notes)) for path, notes in look.notes])
