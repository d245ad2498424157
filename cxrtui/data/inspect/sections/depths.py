"""This section counts the pixels' bits and colours, and the display settings in files beside the images."""

from __future__ import annotations

from cxrtui.data.inspect.section import Look, Section, by_frequency


def section(look: Look) -> Section:
    """Count films by the depth and the colours of their pixels."""
    shown = [film.display for film in look.collection.films if film.display is not None]
    windows, inverted = sum(item.window is not None for item in shown), sum(item.inverted for item in shown)
    notes = []
    if shown:
        notes = [f"by the file beside each, {windows:,} are windowed and {inverted:,} inverted, those of 8 bits not"]
    counts = by_frequency(f"{header.bits}-bit {header.colours}" for header in look.read)
    return Section("depths", "pixels", counts, notes)
