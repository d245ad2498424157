"""This section lists films that do not look like upright frontal chest films."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count such films by what they look like, and list each of them."""
    if not look.decoded:
        return Section("not_frontal", "not frontal", notes=["what films show is found when they are decoded"])
    notes = ["by the pixels, which may err: look at them; a training uses them, and classify refuses or rights them"]
    return Section(
        "not_frontal",
        "not frontal",
        by_frequency(reason for _, reason in look.odd),
        notes if look.odd else [],
        look.odd,
    )
