"""What is not a film, or does not count as one."""

from __future__ import annotations

from collections import Counter

from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Files and films that are left out, by reason."""
    return Section("left_out", "left out", dict(Counter(look.left_out).most_common()), unit="")
