"""Bars of text: progress, patience, probability."""

from __future__ import annotations

import math

from rich.text import Text

from cxrtui.tui.theme import FAINT, TRACK

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(fraction: float, width: int, style: str = "", track: str = TRACK) -> Text:
    """A bar of `width` cells, filled to `fraction` of it in eighths of a cell."""
    fraction = min(1.0, max(0.0, fraction)) if fraction == fraction else 0.0
    eighths = round(fraction * width * 8)
    full, rest = divmod(eighths, 8)
    text = Text("█" * full, style=style)
    if rest:
        text.append(_EIGHTHS[rest], style=f"{style} on {track}" if style else f"on {track}")
    return text.append(" " * (width - full - bool(rest)), style=f"on {track}")


def pips(left: int, total: int, width: int, style: str = "") -> Text:
    """`left` of `total` as filled and hollow marks; as a bar where they do not fit."""
    left = max(0, min(left, total))
    if 0 < total <= width // 2:
        text = Text("● " * left, style=style)
        return text.append("○ " * (total - left), style=FAINT)
    return bar(left / total if total else 0.0, width, style)


def probability(value: float, threshold: float, width: int, style: str) -> Text:
    """A bar with a tick at the threshold, so that the decision can be seen without the colour."""
    text = Text()
    tick = min(width - 1, max(0, round(threshold * width)))
    filled = round(min(1.0, max(0.0, value)) * width)
    for cell in range(width):
        if cell == tick:
            text.append("┃" if cell >= filled else "╋", style="bold")
        else:
            text.append("━" if cell < filled else "─", style=style if cell < filled else FAINT)
    return text


def ago(seconds: float) -> str:
    """An age in the shortest form: ``30 s``, ``50 min``, ``8 h``, ``2 d``."""
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"


def duration(seconds: float | None) -> str:
    """``48 s``, ``3 min 20 s``, ``2 h 05 min``, ``3 d``; a dash where it is unknown."""
    if seconds is None or not 0 <= seconds < math.inf:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d"


def shortened(name: str, width: int) -> str:
    """A file name in `width` characters; what tells films apart is mostly at the end."""
    return name if len(name) <= width else "…" + name[1 - width :]
