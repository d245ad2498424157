"""Finds words in a report on films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cxrtui.data.inspect.section import Section


def narrowed(section: Section, matches: Callable[[str], bool]) -> Section | None:
    """Return `section` with only its parts whose text matches, the whole if its title does, or None if nothing does."""
    if matches(section.title):
        return section
    found = replace(
        section,
        counts={word: count for word, count in section.counts.items() if matches(word)},
        notes=[note for note in section.notes if matches(note)],
        files=[(path, reason) for path, reason in section.files if matches(f"{path} {reason}")],
        estimates={name: item for name, item in section.estimates.items() if matches(name)},
        bars=[bar for bar in section.bars if matches(bar.name)],
        pairs=[pair for pair in section.pairs if matches(f"{pair.first} {pair.second} {pair.relation}")],
        conclusion=section.conclusion if section.conclusion and matches(section.conclusion.text) else None,
    )
    listed = found.files or found.pairs
    kept = found.counts or found.notes or found.estimates or found.bars or listed or found.conclusion
    return found if kept else None
