"""This section counts the images' widths and heights."""

from __future__ import annotations

import statistics

from cxrtui.data.inspect.section import Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count films by size in pixels."""
    if not look.read:
        return Section("sizes", "sizes")
    short = sorted(min(header.width, header.height) for header in look.read)
    notes = [f"short side {short[0]} to {short[-1]} pixels, median {statistics.median_low(short)}"]
    counts = by_frequency((f"{header.width}×{header.height}" for header in look.read), most=8)
    return Section("sizes", "sizes", counts, notes)
