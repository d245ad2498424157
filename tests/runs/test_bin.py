"""The bin: a deleted run is whole in the bin, or whole where it was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cxrtui.errors import UsageError
from cxrtui.runs import bin
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import all_runs, find_run
from cxrtui.runs.size import size_of, size_text
from tests.tui import logs


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and path.name != "lock"}  # fmt: skip


def test_a_run_goes_to_the_bin_and_comes_back(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one-20250101-000000", logs.finished(), state=True)
    before, size = tree(run.folder), size_of(run.folder)
    item = bin.discard(run)
    assert all_runs(tmp_path) == []
    assert (item.name, tree(item.folder)) == (run.name, before)
    assert item.size >= size > 0
    assert bin.contents(tmp_path) == [item]
    with pytest.raises(UsageError, match="No run"):
        find_run(tmp_path, run.name)
    assert bin.restore(bin.find(tmp_path, run.name)) == run
    assert tree(run.folder) == before
    assert bin.contents(tmp_path) == []


def test_runs_of_one_name_stay_apart_in_the_bin(tmp_path: Path) -> None:
    for number in range(3):
        run = logs.write(tmp_path, "same", logs.begin())
        (run.folder / "number").write_text(str(number))
        bin.discard(run)
    kept = bin.contents(tmp_path)
    assert [item.name for item in kept] == ["same"] * 3
    logs.write(tmp_path, "same", logs.begin())
    with pytest.raises(UsageError, match=f"exists.*runs restore {kept[0].folder.name} --as NAME"):
        bin.restore(kept[0])
    assert bin.restore(bin.find(tmp_path, kept[1].folder.name), "other").name == "other"
    with pytest.raises(UsageError, match="name holds"):
        bin.restore(kept[0], "../x")
    assert len(bin.contents(tmp_path)) == 2


def test_of_a_link_only_the_link_moves(tmp_path: Path) -> None:
    real = logs.write(tmp_path / "elsewhere", "real", logs.finished())
    (tmp_path / "checkpoints").mkdir()
    link = Run(tmp_path / "checkpoints" / "link")
    link.folder.symlink_to(real.folder)
    item = bin.discard(link)
    assert item.folder.is_symlink()
    assert item.size < 1000
    assert real.read().status == "finished"
    assert bin.restore(item).read().status == "finished"
    bin.remove(bin.discard(link))
    assert real.read().status == "finished"
    assert bin.contents(tmp_path / "checkpoints") == []


def test_a_live_run_stays(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "live", logs.midway())
    lock = run.acquire()
    with pytest.raises(UsageError, match="is live; stop it"):
        bin.discard(run)
    lock.release()
    assert all_runs(tmp_path) == [run]


def test_another_device_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = logs.write(tmp_path, "far", logs.finished())

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(bin.NotBinnedError, match="on another device"):
        bin.discard(run)
    assert all_runs(tmp_path) == [run]


def test_a_name_that_is_too_long_for_the_bin(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "x" * 250, logs.finished())
    with pytest.raises(bin.NotBinnedError, match="too long"):
        bin.discard(run)
    assert all_runs(tmp_path) == [run]


def test_what_else_lies_in_the_bin_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / ".bin"
    for name in ("notes", "x-20251399-000000", "-20250101-000000"):
        (folder / name).mkdir(parents=True)
    logs.write(tmp_path, ".bin-not", logs.begin())
    (folder / "config.toml").touch()
    (folder / "events.jsonl").touch()  # as if the bin were a run
    assert bin.contents(tmp_path) == []
    assert [run.name for run in all_runs(tmp_path)] == [".bin-not"]
    with pytest.raises(UsageError, match="runs there: none"):
        bin.find(tmp_path, "notes")


def test_a_bin_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one", logs.finished())
    (tmp_path / ".bin").touch()
    with pytest.raises(UsageError, match="cannot be moved"):
        bin.discard(run)
    assert bin.contents(tmp_path) == []


def test_sizes() -> None:
    assert [size_text(count) for count in (0, 999, 1000, 98_640_000, 1.25e9)] == [
        "0 B", "999 B", "1.0 kB", "98.6 MB", "1.2 GB"
    ]  # fmt: skip
    assert size_of(Path("/nowhere/at/all")) == 0
