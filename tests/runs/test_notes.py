"""Notes and tags: what people write comes back, and whatever else is in the file is no harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.errors import UsageError
from cxrtui.printable import printable
from cxrtui.runs import notes
from cxrtui.runs.notes import Notes


@given(
    st.text(), st.lists(st.text(min_size=1).filter(lambda tag: notes.is_tag(tag) and printable(tag) == tag), max_size=5)
)
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, text: str, tags: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp()
    written = notes.write(folder, text, tags)
    assert notes.read(folder) == written
    assert written.note == printable(" ".join(text.split()))[: notes.NOTE_MOST]
    assert written.tags == tuple(dict.fromkeys(tags))


def test_empty_notes_leave_no_file(tmp_path: Path) -> None:
    notes.write(tmp_path, "good", ["a"])
    assert os.listdir(tmp_path) == [notes.FILE]
    assert notes.write(tmp_path, " ", []) == notes.NONE
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'note = "a\\u001b[31m\\nb"\ntags = ["x"]\n', Notes("a\\x1b[31m b", ("x",))),
        (b"note = 3\n", Notes(problem="notes.toml: note cannot be used as it is")),
        (b'tags = "x"\n', Notes(problem="notes.toml: tags cannot be used as it is")),
        (b'note = "n"\ntags = ["x", 3, "two words", "y", "x"]\n',
         Notes("n", ("x", "y"), "notes.toml: tags cannot be used as it is")),
        (b'other = "n"\n', Notes()),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out(tmp_path: Path, body: bytes, found: Notes) -> None:
    (tmp_path / notes.FILE).write_bytes(body)
    assert notes.read(tmp_path) == found


@pytest.mark.parametrize("body", [b"note =", b"\xff\xfe", b"x = " + b"[" * 5000, b"a" * (1 << 17)])
def test_a_damaged_file_says_so(tmp_path: Path, body: bytes) -> None:
    (tmp_path / notes.FILE).write_bytes(body)
    found = notes.read(tmp_path)
    assert (found.note, found.tags) == ("", ())
    assert found.problem.startswith("notes.toml ")


def test_things_in_the_place_of_the_file(tmp_path: Path) -> None:
    assert notes.read(tmp_path / "none") == notes.NONE
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / notes.FILE)
    assert "it is a pipe" in notes.read(tmp_path / "a").problem
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / notes.FILE).symlink_to("nothing")
    assert "link to nothing" in notes.read(tmp_path / "b").problem


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "+a", "-a", 'a"', "a:b", "x" * 33, "\x1b"])
def test_what_is_no_tag(tmp_path: Path, tag: str) -> None:
    with pytest.raises(UsageError, match="tag"):
        notes.write(tmp_path, "", [tag])
    assert os.listdir(tmp_path) == []


def test_changes_of_tags() -> None:
    assert notes.retagged(["a", "B"], ["+c", "-b", "a", "A"]) == ("a", "c")
    with pytest.raises(UsageError, match="such as \\+good"):
        notes.retagged([], ["+"])


def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / notes.FILE).mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        notes.write(tmp_path, "x", [])


def test_a_damaged_file_is_not_replaced(tmp_path: Path) -> None:
    assert notes.change(tmp_path, note="n", tags=lambda known: [*known, "a"]) == Notes("n", ("a",))
    assert notes.change(tmp_path, tags=lambda known: [*known, "b"]) == Notes("n", ("a", "b"))
    (tmp_path / notes.FILE).write_text("note = 'a long text\n")
    with pytest.raises(UsageError, match="stay as they are"):
        notes.change(tmp_path, note="n")
    assert (tmp_path / notes.FILE).read_text() == "note = 'a long text\n"
