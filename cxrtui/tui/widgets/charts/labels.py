"""The texts of a chart's border: the names of the curves above and their values below, or both in the chart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.text import Text

from cxrtui.printable import printable
from cxrtui.tui.widgets.charts.line import Line

_GAPS = (("  ", False), (" ", False), (" ", True), ("", True))  # between the parts, and whether names are short


def border(
    title: str, lines: Sequence[Line], values: Sequence[str], where: str, sign: Callable[[str], str], room: int
) -> tuple[Text, Text | list[Text]]:
    """Return the border's title, with the names, and its subtitle, with the values, within `room` cells each.

    If one of them does not fit, the title has no names, and names and values come as texts to be put into the chart.

    Args:
        title: of the chart.
        lines: the curves.
        values: of each curve, if it has one yet.
        where: the position of the values, if it is not the newest.
        sign: returns a marker as the terminal can show it.
        room: in cells.
    """
    above = _first(room, (_names(title, lines, sign, *form) for form in _GAPS))
    at = f"{where}: " if where else ""
    below = _first(room, (_values(at, lines, values, *form) for form in _GAPS))
    if above is not None and below is not None:
        return above, below
    entries = [
        Text.assemble((f"{sign(line.marker)} ", line.style), _name(line, short=True), f" {value}")
        for line, value in zip(lines, values, strict=False)
    ]
    return Text(f"{title} · {where}" if where else title), entries


def wrapped(entries: Sequence[Text], width: int, most: int) -> list[Text]:
    """Return the entries side by side in at most `most` rows; those that do not fit are left out."""
    rows: list[Text] = []
    for entry in entries:
        if rows and rows[-1].cell_len + entry.cell_len + 2 <= width:
            rows[-1].append("  ").append_text(entry)
        elif len(rows) < most:
            rows.append(entry.copy())
        else:
            break
    for row in rows:
        row.truncate(width, overflow="ellipsis")
        row.no_wrap = True
    return rows


def _first(room: int, texts: Iterable[Text]) -> Text | None:
    return next((text for text in texts if text.cell_len <= room), None)


def _names(title: str, lines: Sequence[Line], sign: Callable[[str], str], gap: str, short: bool) -> Text:
    text = Text(title)
    for line in lines:
        text.append(f"{gap or ' '}{sign(line.marker)}", style=line.style).append(f"{gap[:1]}{_name(line, short=short)}")
    return text


def _values(at: str, lines: Sequence[Line], values: Sequence[str], gap: str, short: bool) -> Text:
    pairs = [f"{_name(line, short=short)} {value}" for line, value in zip(lines, values, strict=False)]
    return Text(at + " · ".join(pairs)) if gap else Text((at + " ".join(pairs)).replace(" %", "%"))


def _name(line: Line, *, short: bool) -> str:
    return printable(line.short or line.label if short else line.label)
