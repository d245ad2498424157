"""The themes, and the colours of marks and series. Films are grey, so only important things have a colour.

The colours of series are those of Okabe and Ito (Color Universal Design, 2008), which people with any colour vision can
tell apart; each has a marker too, so that none is known by its hue alone. `ForLightTheme` replaces a colour that was
chosen for a dark background by its darker form.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, monochrome_style
from textual.theme import Theme

GOOD, WARN, BAD, BUSY = "#8fc98f", "#f0b860", "#e0736f", "#6fb3e8"
TRACK, FAINT = "#2a353e", "#7d8a95"

SERIES: tuple[tuple[str, str], ...] = (
    ("#56b4e9", "●"), ("#e69f00", "◆"), ("#009e73", "▲"), ("#cc79a7", "■"),
    ("#f0e442", "▼"), ("#d55e00", "○"), ("#0072b2", "◇"), ("#d8dee4", "△"),
)  # fmt: skip
"""Colour and marker of each of up to eight series in a chart, the first ones first."""
TRAIN, TRAIN_RAW, VALIDATION = SERIES[0][0], "#34566d", SERIES[1][0]

ON_LIGHT = {
    GOOD: "#2c7a34", WARN: "#8f5b00", BAD: "#b5362f", BUSY: "#1f6fae", TRACK: "#d3dbe1", FAINT: "#5f6c76",
    TRAIN_RAW: "#b4d3e6",
    "#56b4e9": "#1881c3", "#e69f00": "#836303", "#009e73": "#0d7754", "#cc79a7": "#632849",
    "#f0e442": "#8e8f16", "#d55e00": "#7c3300", "#0072b2": "#055493", "#d8dee4": "#1f2326",
}  # fmt: skip
"""The colours above in the form for a light background."""


class ForLightTheme(LineFilter):
    """Draws the colours of `ON_LIGHT` in their darker form."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the colours of the segments."""
        del background
        return [
            item if item.style is None else Segment(item.text, _on_light(item.style), item.control)
            for item in segments
        ]  # fmt: skip


_LINES = {
    letter: "-" if letter in "─━┄┅┈┉╌╍═╴╶╸╺╼╾" else "|" if letter in "│┃┆┇┊┋╎╏║╵╷╹╻╽╿" else "+"
    for letter in map(chr, range(0x2500, 0x2580))
}
_TO_ASCII = str.maketrans(_LINES)


class AsciiLines(LineFilter):
    """Draws lines and borders with - | and +, for a font that has no others."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the box-drawing characters of the segments; each is one cell wide."""
        del background
        return [Segment(item.text.translate(_TO_ASCII), item.style, item.control) for item in segments]


class Grey(LineFilter):
    """Draws in greys, as Textual's own filter for NO_COLOR does, which fails on a segment without a style."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the colours of the segments by greys."""
        del background
        return [
            item if item.style is None else Segment(item.text, monochrome_style(item.style), item.control)
            for item in segments
        ]  # fmt: skip


_RICH_ON_LIGHT = {RichColor.parse(dark).triplet: RichColor.parse(light) for dark, light in ON_LIGHT.items()}


@lru_cache(1024)
def _on_light(style: Style) -> Style:
    front = _RICH_ON_LIGHT.get(style.color.triplet) if style.color is not None else None
    back = _RICH_ON_LIGHT.get(style.bgcolor.triplet) if style.bgcolor is not None else None
    return style + Style.from_color(front, back) if front or back else style


DARK = Theme(
    name="cxrtui-dark",
    primary="#6fa3c8",
    secondary="#5d7285",
    accent="#8fc1b5",
    warning="#f0b860",
    error="#e0736f",
    success="#8fc98f",
    foreground="#d8dee4",
    background="#0f1316",
    surface="#171d22",
    panel="#1d252b",
    dark=True,
    variables={
        "border": "#6fa3c8",
        "border-blurred": "#33414c",
        "footer-key-foreground": "#8fc1b5",
        "footer-description-foreground": "#aab4bd",
        "input-selection-background": "#6fa3c8 35%",
        "block-cursor-background": "#34536b",
        "block-cursor-foreground": "#eef3f7",
        "block-cursor-text-style": "bold",
        "scrollbar": "#33414c",
        "scrollbar-hover": "#44545f",
        "scrollbar-active": "#6fa3c8",
        "scrollbar-background": "#141a1e",
        "scrollbar-background-hover": "#141a1e",
        "scrollbar-background-active": "#141a1e",
        "scrollbar-corner-color": "#141a1e",
    },
)

LIGHT = Theme(
    name="cxrtui-light",
    primary="#2b6a97",
    secondary="#5d7285",
    accent="#1a7466",
    warning="#8f5b00",
    error="#b5362f",
    success="#2c7a34",
    foreground="#1c242a",
    background="#f5f7f8",
    surface="#ffffff",
    panel="#e4eaee",
    dark=False,
    variables={
        "border": "#2b6a97",
        "border-blurred": "#b3c0ca",
        "footer-key-foreground": "#1a7466",
        "footer-description-foreground": "#46535c",
        "input-selection-background": "#2b6a97 30%",
        "block-cursor-background": "#2b6a97",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "scrollbar": "#b3c0ca",
        "scrollbar-hover": "#93a4b1",
        "scrollbar-active": "#2b6a97",
        "scrollbar-background": "#e4eaee",
        "scrollbar-background-hover": "#e4eaee",
        "scrollbar-background-active": "#e4eaee",
        "scrollbar-corner-color": "#e4eaee",
    },
)
THEMES = (DARK, LIGHT)
