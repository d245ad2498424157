"""This section counts what is not a film or was left out."""

from __future__ import annotations

from collections import Counter

from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Count files and films that are left out, by reason."""
    return Section("left_out", "left out", dict(Counter(look.left_out).most_common()), list(look.collection.remarks),
                   unit="")  # fmt: skip
