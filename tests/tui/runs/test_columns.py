"""Which columns fit which width, and what is in them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.notes import Notes
from cxrtui.runs.state import fold_all
from cxrtui.tui.runs.columns import Cells, cells_of, header, layout, line, needed
from cxrtui.tui.runs.spark import spark
from tests.tui import logs

NOW = logs.START + 3 * 86_400
DONE = Snapshot(Run(Path("20260101-120000-a-rather-long-name")), fold_all(logs.finished()), read=True,
                notes=Notes("the first that works", ("good", "paper")), curve=(0.9, 0.5, math.nan, 0.1))  # fmt: skip


def cells(snapshot: Snapshot = DONE, word: str = "finished") -> Cells:
    return cells_of(snapshot, word, own=False, stopping=False)


ROWS = [cells(), cells(replace(DONE, run=Run(Path("killed"))), "interrupted")]


def shown(width: int) -> str:
    return "".join(text for text, _ in line(layout(width, needed(ROWS)), ROWS[0], selected=False, now=NOW)).rstrip()


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (56, "  …r-long-name ✔ finished    12/30   93.5 % (87/93)"),
        (76, "  …-a-rather-long-name ✔ finished    loss 0.3364 12/30   93.5 % (87/93) 2 d"),
    ],
)
def test_counts_stay_beside_percentages_on_narrow_screens(width: int, text: str) -> None:
    assert " ".join(shown(width).split()[1:]) == " ".join(text.split()[1:])


def test_a_wide_screen_has_everything() -> None:
    assert re.split(r"\s{2,}", shown(196).strip()) == [
        "20260101-120000-a-rather-long-name", "✔ finished", "loss 0.3364", "█▅ ▁", "12/30", "93.5 % (87/93)",
        "good paper", "0.001", "the first that works", "2 d",
    ]  # fmt: skip


@given(st.integers(20, 300), st.text(max_size=300), st.text(max_size=300))
def test_no_line_is_wider_than_the_screen(width: int, name: str, note: str) -> None:
    rows = [*ROWS, cells(replace(DONE, run=Run(Path("x" + name.replace("/", ""))), notes=Notes(note, (name[:32],))))]
    placed = layout(width, needed(rows))
    wide = cell_len(header(placed, "Age", False))
    assert all(cell_len("".join(text for text, _ in line(placed, row, selected=True, now=NOW))) <= wide + placed.gap
               for row in rows)  # fmt: skip
    assert wide <= max(width, 17)
    for x in range(wide):
        assert placed.at(x) in ("", *placed.widths)


def test_a_status_of_a_run_that_stops() -> None:
    row = cells_of(DONE, "training", own=True, stopping=True)
    assert row.texts["Status"] == "■ stopping…"
    assert row.texts["Run"].endswith(" ★")


@pytest.mark.parametrize(
    ("values", "width", "text"),
    [
        ([], 8, ""),
        ([math.nan], 8, ""),
        ([3.0], 8, "▅"),
        ([0, 1], 8, "▁█"),
        ([0, math.inf, 1], 8, "▁ █"),
        ([0, 0, 1, 1], 2, "▁█"),
        ([1.0, 2.0], 0, ""),
        ([-1e308, 1e308], 8, "▁▅"),
    ],
)
def test_curves(values: list[float], width: int, text: str) -> None:
    assert spark(values, width) == text
