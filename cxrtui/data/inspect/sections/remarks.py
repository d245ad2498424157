"""How films had to be read that are not as their format asks."""

from __future__ import annotations

from cxrtui.data.images.notes import by_kind
from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Films by remark, and the remarks on each."""
    counts = {kind.text: len(kind.names) for kind in by_kind(look.notes)}
    return Section("remarks", "remarks", counts, files=[(path, "; ".join(notes)) for path, notes in look.notes])
