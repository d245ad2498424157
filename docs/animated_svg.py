"""Screens that Textual exports as SVG, put together as one animated SVG.

A frame is a list of rows. Equal rows of any frames are written once and referred to, which keeps the file small. Each
frame is visible in its span of one common CSS animation.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

CELL, LINE = 12.2, 24.4  # of Rich's export: width of a cell, height of a row, in its own units
MARGIN, TOP = 9.0, 41.0
_RULE = re.compile(r"\.([\w-]+-r\d+) \{ (.*?) \}")
_RECT = re.compile(r'<rect fill="(#\w+)" x="([\d.e+-]+)" y="([\d.e+-]+)" width="([\d.e+-]+)" [^>]*crispEdges"/>')
_TEXT = re.compile(r'<text class="([\w-]+)" x="([\d.e+-]+)" y="([\d.e+-]+)" textLength="([\d.e+-]+)"[^>]*>(.*?)</text>')
_FILL = re.compile(r"fill: (#\w+)")
_HALF = "▀"


@dataclass(frozen=True)
class Piece:
    """Something in a row: a run of text, or a rectangle where `text` is empty; `x` and `width` in cells."""

    x: int
    width: int
    style: str  # CSS for text, a colour for a rectangle
    text: str = ""
    half: bool = False  # the upper half of its cells alone


def pieces(svg: str) -> Iterator[tuple[int, Piece]]:
    """What is in each row of a screen that Textual exported, with the number of the row."""
    rules = dict(_RULE.findall(svg))
    grown: dict[int, Piece] = {}  # by row, the latest box, which a neighbour of the same colour makes wider
    for fill, x, y, width in _RECT.findall(svg):
        row, piece = round((float(y) - 1.5) / LINE), Piece(round(float(x) / CELL), round(float(width) / CELL), fill)
        last = grown.get(row)
        if last is not None and (last.style, last.x + last.width) == (fill, piece.x):
            grown[row] = replace(last, width=last.width + piece.width)
            continue
        if last is not None:
            yield row, last
        grown[row] = piece
    yield from grown.items()
    for rule, x, y, width, escaped in _TEXT.findall(svg):
        row, start, text = round((float(y) - 20) / LINE), round(float(x) / CELL), html.unescape(escaped)
        if set(text) == {_HALF} and (fill := _FILL.search(rules[rule])):  # pixels: fonts leave seams between them
            yield row, Piece(start, len(text), fill[1], half=True)
        elif text.strip("\u00a0 "):
            yield row, Piece(start, round(float(width) / CELL), rules[rule], text)


class Recording:
    """Frames with their durations."""

    def __init__(self, columns: int, rows: int, title: str) -> None:
        self.columns, self.rows, self.title = columns, rows, title
        self.poster = 0  # the frame that is shown where nothing moves
        self._frames: list[tuple[tuple[int, ...], float]] = []
        self._rows: dict[tuple[Piece, ...], int] = {(): 0}

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return sum(seconds for _, seconds in self._frames)

    def add(self, svg: str, seconds: float) -> None:
        """Show an exported screen for `seconds`; as the one before, longer, where nothing has changed."""
        lines: list[list[Piece]] = [[] for _ in range(self.rows)]
        for row, piece in pieces(svg):
            if 0 <= row < self.rows:
                lines[row].append(piece)
        frame = tuple(self._rows.setdefault(tuple(line), len(self._rows)) for line in lines)
        if self._frames and self._frames[-1][0] == frame:
            self._frames[-1] = (frame, self._frames[-1][1] + seconds)
        else:
            self._frames.append((frame, seconds))

    def svg(self) -> str:
        """The animated file."""
        classes: dict[str, str] = {}
        used = {number for frame, _ in self._frames for number in frame} - {0}
        defined = "".join(
            f'<g id="r{number}">{self._row(line, classes)}</g>\n'
            for line, number in self._rows.items()
            if number in used
        )
        styles = "".join(f".{name}{{{rule}}}\n" for rule, name in classes.items())
        frames, spans, begin = [], [], 0.0
        poster = min(self.poster, len(self) - 1)
        for number, (rows, seconds) in enumerate(self._frames):
            uses = "".join(f'<use href="#r{row}" y="{y * LINE:g}"/>' for y, row in enumerate(rows) if row)
            kind = "f p" if number == poster else "f"
            frames.append(f'<g class="{kind}" style="animation-name:f{number}">{uses}</g>\n')
            start, end = (f"{100 * at / self.seconds:.3f}%" for at in (begin, begin + seconds))
            first = "" if number == 0 else "0%{visibility:hidden}"
            spans.append(f"@keyframes f{number}{{{first}{start}{{visibility:visible}}{end}{{visibility:hidden}}}}\n")
            begin += seconds
        width, height = self.columns * CELL + 2 * MARGIN, self.rows * LINE + TOP + MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">\n'
            f"<title>{html.escape(self.title)}</title>\n<style>\n"
            f"text{{font:20px 'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}\n"
            f"path{{shape-rendering:crispEdges}}\n"
            f".f{{visibility:hidden;animation:{self.seconds:g}s step-end infinite}}\n.p{{visibility:visible}}\n"
            f"@media (prefers-reduced-motion:reduce){{.f{{animation:none}}}}\n"
            f"{''.join(spans)}{styles}</style>\n<defs>\n{defined}</defs>\n"
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#121212"/>\n'
            f'<circle cx="26" cy="22" r="7" fill="#ff5f57"/><circle cx="48" cy="22" r="7" fill="#febc2e"/>'
            f'<circle cx="70" cy="22" r="7" fill="#28c840"/>\n'
            f'<g transform="translate({MARGIN:g},{TOP:g})">\n{"".join(frames)}</g>\n</svg>\n'
        )

    @staticmethod
    def _row(line: tuple[Piece, ...], classes: dict[str, str]) -> str:
        """The pieces of a row as SVG; `classes` gains the styles that are new."""
        paths: dict[tuple[bool, str], list[str]] = {}
        texts = []
        for piece in sorted(line, key=lambda piece: piece.half):  # halves lie on the whole cells
            rule = piece.style.replace(": ", ":") if piece.text else f"fill:{piece.style}"
            name = classes.setdefault(rule, f"c{len(classes)}")
            if piece.text:
                text = html.escape(piece.text, quote=False).replace(" ", "\u00a0")
                x, width = f"{piece.x * CELL:g}", f"{piece.width * CELL:g}"
                texts.append(f'<text class="{name}" x="{x}" y="20" textLength="{width}">{text}</text>')
            else:
                height = ".55" if piece.half else "1.02"  # a little more than it is: no seam between two rows
                box = f"M{piece.x} 0h{piece.width}v{height}h-{piece.width}z"
                paths.setdefault((piece.half, name), []).append(box)
        boxes = "".join(f'<path class="{name}" d="{"".join(parts)}"/>' for (_, name), parts in paths.items())
        scaled = f'<g transform="translate(0 1.5)scale({CELL} {LINE})">{boxes}</g>' if boxes else ""
        return scaled + "".join(texts)
