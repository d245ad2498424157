"""This section says which findings count as positive and which as negative."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section
from cxrtui.printable import listing


def section(look: Look) -> Section:
    """Count films by class, or say why the classes are not clear."""
    if look.rule is None:
        return Section("rule", "counted as", {}, [look.why_no_rule])
    whose = "the layout's rule" if look.rule.by_layout else "as set, or plain from the names"
    notes = [f"{whose}; --set data.positive=… --set data.negative=… change it"]
    if look.absent:
        notes.append(f"no finding is called {listing(look.absent)}")
    return Section("rule", "counted as", look.counted, notes)
