"""Bars made of text, for progress, patience and probability."""

from __future__ import annotations

from rich.text import Text

from cxrtui.tui.theme import FAINT, TRACK

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(fraction: float, width: int, style: str = "", track: str = TRACK) -> Text:
    """Return a bar of `width` cells, filled to `fraction` of it in eighths of a cell."""
    fraction = min(1.0, max(0.0, fraction)) if fraction == fraction else 0.0
    eighths = round(fraction * width * 8)
    full, rest = divmod(eighths, 8)
    text = Text("█" * full, style=style)
    if rest:
        text.append(_EIGHTHS[rest], style=f"{style} on {track}" if style else f"on {track}")
    return text.append(" " * (width - full - bool(rest)), style=f"on {track}")


def pips(left: int, total: int, width: int, style: str = "") -> Text:
    """Return `left` of `total` as filled and hollow marks, or as a bar if they do not fit."""
    left = max(0, min(left, total))
    if 0 < total <= width // 2:
        text = Text("● " * left, style=style)
        return text.append("○ " * (total - left), style=FAINT)
    return bar(left / total if total else 0.0, width, style)


def probability(value: float, threshold: float, width: int, style: str) -> Text:
    """Return a bar with a tick at the threshold, so that the decision can be seen without the colour."""
    text = Text()
    tick = min(width - 1, max(0, round(threshold * width)))
    filled = round(min(1.0, max(0.0, value)) * width)
    for cell in range(width):
        if cell == tick:
            text.append("┃" if cell >= filled else "╋", style="bold")
        else:
            text.append("━" if cell < filled else "─", style=style if cell < filled else FAINT)
    return text


def shortened(name: str, width: int) -> str:
    """Return the end of a file name in `width` characters; names of films differ mostly at the end."""
    return name if len(name) <= width else "…" + name[1 - width :]
