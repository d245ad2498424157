"""This section shows how well each kind of feature that is not the lung predicts the class."""

from __future__ import annotations

from cxrtui.data.inspect.section import Bar, Look, Section
from cxrtui.printable import listing


def section(look: Look) -> Section:
    """Return the AUROC of each kind, the strongest first, and of all that the network sees outside the lungs."""
    found = look.confounders.estimates if look.confounders is not None else None
    if found is None:
        return Section("confounders", "confounders")
    bars = []
    for item in found.found:
        if item.constant:
            continue
        bars.append(Bar(item.kind.key, item.auroc, item.on_file))
        if item.as_seen is not None:
            bars.append(Bar("  as seen", item.as_seen, item.remains))
        if item.within_source is not None:
            bars.append(Bar("  within sources", item.within_source))
    if found.together is not None:
        bars.append(Bar("all that is seen", found.together))
    same = [item.kind.key for item in found.found if item.constant]
    notes = [
        "of the class by what is not the lung: █ up to the interval, ▒ in it; ✗ raises an alarm",
        "as seen: measured on the images that the network sees",
    ]
    if same:
        notes.append(f"the same for all films: {listing(same)}")
    return Section("confounders", "confounders", notes=notes, bars=bars)
