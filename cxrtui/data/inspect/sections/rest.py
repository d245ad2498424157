"""This section counts findings that no name of the rule matches and that only its * includes."""

from __future__ import annotations

from collections import Counter

from cxrtui.data.films import printable
from cxrtui.data.inspect.section import Look, Section


def section(look: Look) -> Section:
    """Count films by finding, among those that only ``*`` includes."""
    held = Counter(film.label for film, _ in look.chosen)
    rest = look.rule.rest(held) if look.rule is not None else {}
    counts = Counter({printable(label): count for label, count in rest.items()})
    doubtful = look.rule.doubtful(held) if look.rule is not None else ""
    return Section("rest", "under *", dict(counts.most_common()), [doubtful] if doubtful else [])
