from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from cxrtui.data.sources.foreign import kind_of


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 \0", "is a PDF document"),
        (b"PK\x03\x04 xl/workbook", "is an Excel workbook"),
        (b'{"film": 1}', "is JSON"),
        (b"\n\nImage,Label\na.png,COVID\n", "is text, which begins with “Image,Label”"),
        ("ä".encode() * 5000, f"is text, which begins with “{'ä' * 60}…”"),
        (b"a\x1b[31mred", "is text, which begins with “a\\x1b[31mred”"),
        (b"\0\1\2\3", ""),
        (b"", ""),
    ],
)
def test_what_a_file_is_that_is_no_image(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert kind_of(tmp_path / "file") == kind


def test_an_image_and_a_file_that_is_not_there_are_nothing_else(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "film.png")
    assert kind_of(tmp_path / "film.png") == kind_of(tmp_path / "gone") == kind_of(tmp_path) == ""
