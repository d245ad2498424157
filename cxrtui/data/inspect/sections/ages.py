"""This section counts the patients' ages, in bands of ten years."""

from __future__ import annotations

import re
from collections import Counter

from cxrtui.data.inspect.section import NOT_SAID, Look, Section


def section(look: Look) -> Section:
    """Count films by age, the youngest first; values that are not ages come last."""
    counts = Counter(_band(film.age) for film in look.collection.films)
    ordered = sorted(counts, key=lambda band: int(band.split("-")[0].split()[0]) if band[0].isdigit() else 1000)
    return Section("ages", "age", {band: counts[band] for band in ordered})


def _band(age: str) -> str:
    number = re.match(r"\d+", age)
    if number is None:
        return NOT_SAID if not age else "not understood"
    low = min(int(number[0]) // 10 * 10, 90)
    return f"{low}-{low + 9}" if low < 90 else "90 and over"
