"""Screens exported by Rich and Textual as one animated SVG: docs/animated_svg.py."""

from __future__ import annotations

import io
import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console
from rich.text import Text

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def recording() -> type[Any]:
    found = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "animated_svg.py"))
    kind: type[Any] = found["Recording"]
    return kind


def screen(*lines: Text) -> str:
    """A screen of 20 columns as Textual exports it."""
    console = Console(width=20, file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line)
    return console.export_svg(title="screen")


def test_a_row_that_stays_is_written_once(recording: type[Any]) -> None:
    made = recording(20, 3, "a <title>")
    for number in range(4):
        made.add(screen(Text("stays & stays", "bold red"), Text(f"epoch {number}", "white on blue")), 0.5)
    root = ElementTree.fromstring(made.svg())
    texts = ["".join(item.itertext()) for item in root.iter(f"{SVG}text")]
    assert texts == ["stays\u00a0&\u00a0stays", *(f"epoch\u00a0{number}" for number in range(4))]
    assert root.findtext(f"{SVG}title") == "a <title>"
    frames = [item for item in root.iter(f"{SVG}g") if "f" in item.get("class", "").split()]
    assert [len(frame.findall(f"{SVG}use")) for frame in frames] == [2] * 4


def test_frames_follow_each_other_without_a_gap(recording: type[Any]) -> None:
    made = recording(20, 2, "")
    for word, seconds in (("one", 1.0), ("one", 1.0), ("two", 6.0), ("three", 2.0)):
        made.add(screen(Text(word)), seconds)
    assert (len(made), made.seconds) == (3, 10.0)
    spans = re.findall(r"@keyframes f\d\{.*?([\d.]+)%\{visibility:visible\}([\d.]+)%", made.svg())
    assert spans == [("0.000", "20.000"), ("20.000", "80.000"), ("80.000", "100.000")]


def test_one_frame_stays_where_nothing_moves(recording: type[Any]) -> None:
    made = recording(20, 2, "")
    for word in ("one", "two", "three"):
        made.add(screen(Text(word)), 1.0)
    made.poster = 1
    assert re.findall(r'class="(f[ p]*)"', made.svg()) == ["f", "f p", "f"]


def test_pixels_of_half_blocks_are_boxes(recording: type[Any]) -> None:
    made = recording(20, 1, "")
    made.add(screen(Text.assemble(("▀▀", "#112233 on #445566"), ("▀", "#778899 on #445566"))), 1.0)
    root = ElementTree.fromstring(made.svg())
    assert not list(root.iter(f"{SVG}text"))
    colours = dict(re.findall(r"\.(c\d+)\{fill:(#\w+)\}", made.svg()))
    boxes = [(colours[item.get("class", "")], item.get("d")) for item in root.iter(f"{SVG}path")]
    assert boxes == [
        ("#445566", "M0 0h3v1.02h-3z"), ("#112233", "M0 0h2v.55h-2z"), ("#778899", "M2 0h1v.55h-1z"),
    ]  # fmt: skip
