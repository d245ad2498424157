"""The screens look as in the pictures of the documents, which are made from recorded logs."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.tui.pictures import FOLDER, MADE_WITH, SCENES, SIZES, file_of, normalised, picture

pytestmark = pytest.mark.slow

REMEDY = "look at docs/pictures/, and where the change is wanted: python -m tests.tui.pictures"


def rows(svg: str) -> list[str]:
    """The text of the screen, a line a row."""
    lines: dict[float, str] = {}
    for y, words in re.findall(r'<text class="t-r\d+" x="[\d.]+" y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        lines[float(y)] = lines.get(float(y), "") + html.unescape(words).replace("\xa0", " ")
    return [lines[y] for y in sorted(lines)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
async def test_a_screen_looks_as_in_its_picture(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    kept = file_of(name, size).read_text(encoding="utf-8")
    now = await picture(name, size)
    (tmp_path / file_of(name, size).name).write_text(now, encoding="utf-8")
    assert rows(now) == rows(kept), REMEDY
    if MADE_WITH in kept:  # other versions of Textual and Rich draw the same words in other ways
        assert now == kept, f"the colours or places differ: {REMEDY}"


def test_every_picture_is_of_a_scene() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {file_of(name, size).name for name in SCENES for size in SIZES}


def test_a_picture_names_no_other_place_and_no_id() -> None:
    exported = "<svg class='terminal-42'>@font-face { src: url('https://x/y') }.terminal-42-r1 { fill: red }</svg>"
    assert normalised(exported) == f"<!-- {MADE_WITH} -->\n<svg class='t'>.t-r1 {{ fill: red }}</svg>\n"
    for path in FOLDER.iterdir():
        assert set(re.findall(r"https?://[\w./]+", path.read_text(encoding="utf-8"))) <= {
            "http://www.w3.org/2000/svg", "https://www.textualize.io",
        }  # fmt: skip
