"""Files that are replaced whole, hashed, and named."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import pytest

from cxrtui.files import is_name, replacing, sha256, write_atomic


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("content", ["a line of naïve text\n", b"\xff\x00bytes\r\n"])
def test_a_file_is_replaced_by_a_text_or_by_bytes(tmp_path: Path, content: str | bytes, durable: bool) -> None:
    file = tmp_path / "a.toml"
    file.write_text("before")
    write_atomic(file, content, durable=durable)
    assert file.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(tmp_path.iterdir()) == [file]


def test_a_reader_has_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("before")
    with replacing(file) as new:
        new.write(b"aft")
        new.flush()
        assert file.read_text() == "before"
        new.write(b"er")
    assert file.read_text() == "after"


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("before")
    with contextlib.suppress(InterruptedError), replacing(file) as new:
        new.write(b"half")
        raise InterruptedError
    with pytest.raises(UnicodeEncodeError):
        write_atomic(file, "\udc80")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_that_is_made_may_be_read_by_whoever_the_umask_lets(tmp_path: Path) -> None:
    plain, replaced = tmp_path / "plain", tmp_path / "replaced"
    plain.touch()
    write_atomic(replaced, "")
    assert replaced.stat().st_mode == plain.stat().st_mode


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "film.png"
    file.write_bytes(b"a film" * 100_000)
    assert sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe"):
        sha256(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["imagenet", "20260101-120000", "a.b_c-d", "A" * 64])
def test_names_of_runs_and_of_folders_of_the_shelf(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", ".hidden", "-rf", "_a", "a/b", "..", "a b", "a\n", "é", "A" * 65])
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)
