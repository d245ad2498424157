"""Tables in text files: every spelling of a good one, and every kind of a bad one with its line."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from cxrtui.data.sources.collect import read_source
from cxrtui.data.sources.table import Table, open_table, read_table
from cxrtui.errors import DataError

GOOD = [(2, {"path": "a.png", "label": "COVID-19"}), (3, {"path": "b.png", "label": "Normal"})]


@pytest.mark.parametrize(
    "body",
    [
        "path,label\na.png,COVID-19\nb.png,Normal\n",
        "Path, LABEL \r\na.png,COVID-19\r\nb.png,Normal",
        "path,label\ra.png,COVID-19\rb.png,Normal\r",
        "path,label\r\na.png,COVID-19\nb.png,Normal\r",
        "path\tlabel\na.png\tCOVID-19\nb.png\tNormal\n",
        "path|label\na.png|COVID-19\nb.png|Normal\n",
        "path;label\n a.png ; COVID-19\nb.png;Normal;\n",
        'path,label,\na.png,"COVID-19",\nb.png, "Normal"\n',
        "path,label,,\na.png,COVID-19,,\nb.png,Normal\n",
        '"path","label"\n"a.png","COVID-19"\n"b.png","Normal"\n',
        '"path","label"\n\n,,\n"a.png","COVID-19"\n"b.png","Normal"\n',
        "\ufeffpath,label\u200b\n\u200ba.png,COVID-19\ufeff\nb.png,Normal\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_spellings_of_one_table(tmp_path: Path, body: str, encoding: str) -> None:
    (tmp_path / "m.csv").write_bytes(body.encode(encoding))
    rows = list(read_table(tmp_path / "m.csv"))
    assert [row for _, row in rows] == [row for _, row in GOOD]


def test_lines_are_those_of_the_file() -> None:
    body = 'sep=;\npath;label\n\n"a\n.png";x\nb.png;y\n'
    assert [line for line, _ in Table(body, "m")] == [4, 6]


@pytest.mark.parametrize(("body", "words"), [
    ("path,label,patient\na,COVID-19, ARDS,p1\n", "line 2 has 4 cells where the header has 3; put a cell that"),
    ("path,label\na,x\nb,COVID-19, ARDS\n", "line 3 has 3 cells where the header has 2"),
    ("path,label,\na,COVID-19, ARDS\n", "line 2 has 3 cells where the header has 2"),
    ("path;label\na;x;y\n", "holds a semicolon"),
    ("path,label\na,x\nPath, label\nb,y\n", "line 3 is the header again"),
    ('path,label,note\na.png,x,"n\nb.png,y,n\nc.png,x,n"\n', "line 2: a cell holds whole lines of the table"),
    ("path,label,patient\na,x,p\nb,y\n", "line 3 has 2 cells where the header has 3; add what is missing"),
    ("path,label\na\n", "line 2 has 1 cell where"),
    ("sep=,\npath,label\na\n", "line 3 has 1 cell where"),
    ("path,label,label\na,x,y\n", "line 1: the header has 2 columns called label"),
    ("\n path,Label, LABEL\na,x,y\n", "line 2: the header has 2 columns called label"),
    ('path,label\na,x\nb,"COVID-19\nc,y\n', "line 3: a quotation mark opens"),
    ('path,label\na,"COVID-19\nb,"Normal\nc,y\n', "line 2: a quotation mark opens"),
    ('path,label\na,"COVID-19" x\n', "line 2: a quotation mark opens"),
    ('path,label\n"a,COVID-19\n' + "b,Normal\n" * 30_000, "line 2: a quotation mark opens"),
    ('path,label,"patient\na,x,p\n', "line 1: a quotation mark opens"),
    ("", "is empty"), ("\n\n", "is empty"),
])  # fmt: skip
def test_a_table_that_is_not_rectangular(tmp_path: Path, body: str, words: str) -> None:
    (tmp_path / "m.csv").write_text(body, newline="")
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'm.csv'}") + ".*" + re.escape(words)):
        list(read_table(tmp_path / "m.csv"))


def _zip(name: str) -> bytes:
    stream = io.BytesIO()
    with ZipFile(stream, "w") as file:
        file.writestr(name, "x")
    return stream.getvalue()


def _workbook() -> bytes:
    stream = io.BytesIO()
    book = Workbook()
    book.active.append(["path", "label"])
    book.save(stream)
    return stream.getvalue()


FOREIGN = [
    (_workbook(), "is an Excel workbook; save it as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an old Excel workbook"),
    (b"PAR1" + bytes(99), "is a Parquet file"),
    (json.dumps([{"path": "a", "label": "b"}]).encode(), "is JSON"),
    (b'{"path": 1}\n{"path": 2}\n', "is JSON"),
    (b"<!DOCTYPE html>\n<html>", "is a web page"),
    (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    (_zip("films/a.png"), "is a packed archive; unpack it"),
    (b"\x1f\x8b\x08" + bytes(40), "gunzip"),
    (bytes(3000), "is not a text file"),
]


# The words name the tests: the bytes of a workbook hold the time at which it was made.
@pytest.mark.parametrize(("raw", "words"), FOREIGN, ids=[words for _, words in FOREIGN])
def test_what_is_called_a_table_and_is_none(tmp_path: Path, raw: bytes, words: str) -> None:
    for name in ("films.csv", "manifest.csv"):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(DataError, match=words):
            read_source(tmp_path / name)
    with pytest.raises(DataError, match=words):
        read_source(tmp_path)


PACKED = [
    ("f.xlsx", _workbook(), "Excel workbook; save it as CSV"),
    ("f's.zip", _zip("a/b.png"), "unzip '.*f'\"'\"'s.zip' -d '.*f'\"'\"'s'"),
    ("f.tar", bytes(257) + b"ustar\0" + bytes(300), r"tar -xf \S*f.tar -C \S*/f\."),
    ("f.tar.gz", b"\x1f\x8b\x08" + bytes(40), r"tar -xf \S*f.tar.gz -C \S*/f\."),
    ("f.parquet", b"PAR1", "read_parquet"),
]


@pytest.mark.parametrize(("name", "raw", "words"), PACKED, ids=[name for name, *_ in PACKED])
def test_files_that_no_layout_reads(tmp_path: Path, name: str, raw: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=words):
        read_source(tmp_path / name)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "huge.csv").touch()
    os.truncate(tmp_path / "huge.csv", 1 << 40)
    for name, words in (("pipe.csv", "is a named pipe"), ("folder.csv", "is a folder"), ("huge.csv", "too large")):
        with pytest.raises(DataError, match=words):
            open_table(tmp_path / name)
    for path, words in ((tmp_path / "pipe.csv", "is a named pipe"), ("/dev/zero", "is a device"),
                        (f"manifest:{tmp_path / 'pipe.csv'}", "is a named pipe")):  # fmt: skip
        with pytest.raises(DataError, match=words):
            read_source(path)
