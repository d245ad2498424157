"""A run that another machine trains is known by its heartbeat; a dead one is shown as dead."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cxrtui.errors import UsageError
from cxrtui.runs import bin
from cxrtui.runs.folder import FRESH_SECONDS, Run
from cxrtui.runs.glance import Overview
from tests.tui import logs


def run_of(tmp_path: Path, lock: str, age: float) -> Run:
    """A run whose process has written this lock, and a heartbeat `age` seconds ago."""
    run = logs.write(tmp_path, "one", logs.midway())
    run.lock_file.write_text(lock)
    run.beat()
    os.utime(run.folder / "heartbeat", (time.time() - age,) * 2)
    return run


@pytest.mark.parametrize(
    ("lock", "age", "word"),
    [
        ("77\nanother-machine\n", 5, "training"),
        ("77\nanother-machine\n", FRESH_SECONDS + 5, "interrupted"),
        (f"77\n{os.uname().nodename}\n", 5, "interrupted"),  # its lock would be seen here
        ("77\n", 5, "interrupted"),  # of an older version
        ("", 5, "interrupted"),
        ("77\nanother", 5, "interrupted"),  # cut
    ],
)
def test_a_run_of_another_machine_is_alive_as_long_as_its_heart_beats(
    tmp_path: Path, lock: str, age: float, word: str
) -> None:
    run = run_of(tmp_path, lock, age)
    assert [item.word for item in Overview(tmp_path).look()] == [word]
    assert not run.alive()  # the right to write is the lock's alone
    if word == "training":
        with pytest.raises(UsageError, match="is live"):
            bin.discard(run)


def test_the_lock_names_process_and_machine(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one", logs.midway())
    lock = run.acquire()
    assert run.lock_file.read_text() == f"{os.getpid()}\n{os.uname().nodename}\n"
    assert run.holder() == os.getpid()
    lock.release()
