"""Counts of films as text: the confusion matrix, and bars of the films of each class by probability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text
from textual.geometry import Size

from cxrtui.runs.describe import percent
from cxrtui.tui.theme import SERIES
from cxrtui.tui.widgets.charts.canvas import ASCII

NEGATIVE, POSITIVE = SERIES[0][0], SERIES[1][0]
"""Styles of the classes."""
_EIGHTHS = " ▁▂▃▄▅▆▇█"


def confusion(counts: Mapping[str, int], names: Sequence[str], width: int, mode: str) -> Table:
    """Return the confusion matrix with the share of each row's films, and sensitivity and specificity below it.

    Args:
        counts: of the kind of `runs.events.Evaluated`; one that is missing counts as 0.
        names: of the negative and the positive class.
        width: in cells.
        mode: the way in which charts are drawn.
    """
    count = {key: counts.get(key, 0) for key in ("tp", "fp", "tn", "fn", "positive", "negative")}
    right, wrong = ("=", "!") if mode == ASCII.name else ("✓", "✗")
    cells = [[(right, count["tn"], count["negative"]), (wrong, count["fp"], count["negative"])],
             [(wrong, count["fn"], count["positive"]), (right, count["tp"], count["positive"])]]  # fmt: skip
    room = width - 2
    name_width = max(5, min(max(map(len, names)), room // 3))
    shares = (room - name_width) // 2 >= 14 + len(str(max(count.values()))) - 2
    table = Table.grid(padding=(0, 1))
    table.add_column(width=name_width, no_wrap=True)
    for _ in names:
        table.add_column(no_wrap=True, max_width=max(5, (room - name_width) // 2))
    table.add_row(Text("true", style="dim"), *(Text(f"→ {_cut(name, name_width)}", style="dim") for name in names))
    for name, row in zip(names, cells, strict=True):
        films = (f"{sign} {some}" + f" ({percent(_share(some, of))})" * shares for sign, some, of in row)
        table.add_row(Text(_cut(name, name_width)), *films)
    lines = Table.grid()
    lines.add_row(table)
    lines.add_row(Text("rows: true class, columns: predicted", style="dim"))
    for name, some, of in (("sensitivity", count["tp"], count["positive"]),
                           ("specificity", count["tn"], count["negative"])):  # fmt: skip
        lines.add_row(Text(f"{name} {percent(_share(some, of))} ({some}/{of})"))
    return lines


def histogram(scores: Mapping[str, Sequence[int]], names: Sequence[str], size: Size, mode: str) -> Text:
    """Return a row of bars for each class, the positive one above; each has the height of its highest bar.

    Args:
        scores: the films in each bin of the probability from 0 to 1, as ``positive`` and ``negative``.
        names: of the negative and the positive class.
        size: in cells.
        mode: the way in which charts are drawn.
    """
    room = max(2, (size.height - 3) // 2)
    text = Text(no_wrap=True)
    for name, key, style in ((names[1], "positive", POSITIVE), (names[0], "negative", NEGATIVE)):
        counts = scores.get(key, [])
        title = f"{name} · {sum(counts)} films"
        text.append(title[: max(1, size.width)] + "\n", style="dim")
        text.append("\n".join(bars(counts, size.width, room - 1, ascii=mode == ASCII.name)), style=style)
        text.append("\n")
    cells = len(scores.get("positive", [])) * _cell_width(scores.get("positive", []), size.width)
    axis = f"0{'0.5':^{max(3, cells - 2)}}1" if cells > 8 else ""
    return text.append(axis, style="dim")


def _share(some: int, of: int) -> float:
    return some / of if of else math.nan


def _cut(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def _cell_width(counts: Sequence[int], width: int) -> int:
    return max(1, min(4, width // max(1, len(counts))))


def bars(counts: Sequence[int], width: int, height: int, *, ascii: bool = False) -> list[str]:
    """Return bars of `counts` in `height` lines, at most `width` wide; a count above 0 is always seen."""
    if not counts or width < len(counts):
        return ["" for _ in range(height)]
    most, cell = max(1, *counts), _cell_width(counts, width)
    eighths = [0 if not count > 0 else max(1, round(count / most * height * 8)) for count in counts]
    levels = " ..::||##" if ascii else _EIGHTHS
    return [
        "".join(levels[min(8, max(0, size - 8 * row))] * cell for size in eighths) for row in range(height - 1, -1, -1)
    ]
