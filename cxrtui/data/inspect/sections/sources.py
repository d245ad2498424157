"""This section counts the films' origins: hospitals, publishers, collections."""

from __future__ import annotations

from cxrtui.data.inspect.section import NOT_SAID, Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count films by source, and say how many sources hold both classes."""
    notes = []
    if look.rule is not None:
        classes: dict[str, set[int]] = {}
        for film, class_index in look.chosen:
            classes.setdefault(film.source, set()).add(class_index)
        both = sum(len(held) == 2 for held in classes.values())
        if len(classes) > 1:
            notes = [f"{both} of {len(classes)} sources hold both classes"]
    return Section("sources", "sources", by_frequency(film.source or NOT_SAID for film in look.collection.films), notes)
