"""What is written, read by a small terminal, gives the same screen as writing everything."""

from __future__ import annotations

import io
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import get_character_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from cxrtui.tui.changes import Shown

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
STYLES = (None, Style(color="red"), Style(color="#102030", bgcolor="blue", bold=True), Style(reverse=True))
_SEQUENCE = re.compile("\x1b\\[([0-9;]*)([Hm])|\n|(.)", re.DOTALL)


class SmallTerminal:
    """Knows how to move, set a style, and write characters of one and two cells."""

    def __init__(self) -> None:
        self.cells = [[("", " ")] * WIDTH for _ in range(HEIGHT)]

    def write(self, text: str) -> None:
        x = y = 0
        look: tuple[str, ...] = ()
        for match in _SEQUENCE.finditer(text):
            numbers, command, character = match.groups()
            if command == "H":
                y, x = (int(number) - 1 for number in numbers.split(";"))
            elif command == "m":
                codes = numbers.removeprefix("0;") if numbers != "0" else ""
                look = () if not codes else (codes,)
            elif character:
                width = get_character_cell_size(character)
                if width == 0 and x == 0:
                    continue
                if width == 0:
                    old, before = self.cells[y][x - 1]
                    self.cells[y][x - 1] = (old, before + character)
                    continue
                for column, part in enumerate((character, "")[:width]):
                    self.cells[y][x + column] = ("".join(look), part)
                x += width


runs = st.lists(
    st.tuples(st.text(st.sampled_from("abc ·⣿█─漢é\u0301"), min_size=1, max_size=12), st.sampled_from(STYLES)),
    max_size=5,
)


def strip(parts: list[tuple[str, Style | None]], width: int) -> Strip:
    return Strip([Segment(text, style) for text, style in parts]).adjust_cell_length(width)


layouts = st.lists(runs, min_size=HEIGHT, max_size=HEIGHT).map(
    lambda lines: LayoutUpdate([[strip(line, WIDTH)] for line in lines], Region(0, 0, WIDTH, HEIGHT))
)


@st.composite
def chops(draw: st.DrawFn) -> ChopsUpdate:
    """Some parts of some lines, as a widget that changes gives them."""
    cuts = [0, *sorted(draw(st.sets(st.integers(1, WIDTH - 1), max_size=3))), WIDTH]
    lines, spans = [], []
    for y in range(HEIGHT):
        lines.append({a: strip(draw(runs), b - a) if draw(st.booleans()) else None for a, b in pairwise(cuts)})
        first, last = sorted(draw(st.tuples(st.integers(0, WIDTH), st.integers(0, WIDTH))))
        if first < last:
            spans.append((y, first, last))
    return ChopsUpdate(lines, spans or [(0, 0, WIDTH)], [cuts[1:]] * HEIGHT)


@given(layouts, st.lists(st.one_of(layouts, chops()), max_size=6))
def test_the_screen_is_the_same(first: LayoutUpdate, then: list[CompositorUpdate]) -> None:
    whole, reduced, shown = SmallTerminal(), SmallTerminal(), Shown()
    for update in (first, *then):
        whole.write(update.render_segments(CONSOLE))
        reduced.write(shown.reduced(update, CONSOLE).render_segments(CONSOLE))
        assert reduced.cells == whole.cells


def test_a_mark_that_goes_over_the_end_of_another_part_is_not_left_behind() -> None:
    part = ChopsUpdate([{0: None, 1: strip([("\u0301a", None)], WIDTH - 1)}], [(0, 1, WIDTH)], [[1, WIDTH]])
    whole, reduced, shown = SmallTerminal(), SmallTerminal(), Shown()
    for update in (lines("", "", ""), part, lines("", "", "")):
        whole.write(update.render_segments(CONSOLE))
        reduced.write(shown.reduced(update, CONSOLE).render_segments(CONSOLE))
    assert reduced.cells == whole.cells


def lines(*texts: str) -> LayoutUpdate:
    return LayoutUpdate([[strip([(text, None)], WIDTH)] for text in texts], Region(0, 0, WIDTH, HEIGHT))


def test_only_what_differs_is_written() -> None:
    shown = Shown()
    shown.reduced(lines("step 1 of 9", "loss 0.25", ""), CONSOLE)
    assert shown.reduced(lines("step 1 of 9", "loss 0.25", ""), CONSOLE).render_segments(CONSOLE) == ""
    text = shown.reduced(lines("step 2 of 9", "loss 0.25", ""), CONSOLE).render_segments(CONSOLE)
    assert text == "\x1b[1;6H\x1b[0m2\x1b[0m"


def test_what_is_forgotten_is_written_again() -> None:
    shown = Shown()
    written = shown.reduced(lines("a", "b", "c"), CONSOLE).render_segments(CONSOLE)
    shown.forget()
    assert shown.reduced(lines("a", "b", "c"), CONSOLE).render_segments(CONSOLE) == written


def test_another_size_is_written_whole() -> None:
    shown = Shown()
    shown.reduced(lines("a", "b", "c"), CONSOLE)
    smaller = LayoutUpdate([[strip([("a", None)], 8)]], Region(0, 0, 8, 1))
    assert "a" in shown.reduced(smaller, CONSOLE).render_segments(CONSOLE)


def test_before_the_first_whole_screen_parts_pass_as_they_are() -> None:
    part = ChopsUpdate([{0: strip([("a", None)], WIDTH)}], [(0, 0, WIDTH)], [[WIDTH]])
    assert Shown().reduced(part, CONSOLE) is part
