"""A process that waits for a training: it trains, it may be gone, and it never outlives its parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cxrtui import resources
from cxrtui.process import parent, standby
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config

pytestmark = pytest.mark.slow
Small = Callable[..., Config]


@pytest.fixture(autouse=True)
def _ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(resources, "cores", lambda: 2)
    yield
    standby.dismiss()


def train(run: Run, config: Config) -> int:
    return parent.drive(
        run, config, resume=False, should_stop=lambda: False, let_go=lambda: False, on_event=lambda line, event: None,
        fault=lambda: "", standby=standby.take(),
    )  # fmt: skip


def waiting() -> int:
    """The number of the process that waits."""
    return standby._waiting[0].pid


def gone(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_it_trains_the_next_run_and_leaves_what_any_training_does(small: Small, tmp_path: Path) -> None:
    standby.prepare()
    number = waiting()
    standby.prepare()
    assert waiting() == number
    waited, started = new_run(tmp_path, "waited"), new_run(tmp_path, "started")
    holders: list[int | None] = []

    def look() -> None:
        until(lambda: waited.holder() is not None)
        holders.append(waited.holder())

    looking = threading.Thread(target=look)
    looking.start()
    assert train(waited, small(optim__epochs=1)) == 0
    looking.join()
    assert holders == [number]
    assert standby.take() is None
    assert train(started, small(optim__epochs=1)) == 0
    assert {file.name for file in waited.folder.iterdir()} == {file.name for file in started.folder.iterdir()}
    one, other = (run.read().steps[-1] for run in (waited, started))
    assert one.loss == other.loss


def test_a_process_that_has_died_is_not_taken(small: Small, tmp_path: Path) -> None:
    standby.prepare()
    number = waiting()
    os.kill(number, signal.SIGTERM)
    until(lambda: gone(number))
    assert train(new_run(tmp_path, "mine"), small(optim__epochs=1)) == 0


def test_how_it_died_is_in_the_log_as_of_any_training(small: Small, tmp_path: Path) -> None:
    standby.prepare()
    run, codes = new_run(tmp_path, "mine"), list[int]()
    thread = threading.Thread(target=lambda: codes.append(train(run, small(optim__epochs=5000, stop__patience=0))))
    thread.start()
    until(lambda: run.read().step > 1)
    os.kill(run.holder() or 0, signal.SIGABRT)
    thread.join()
    failed = run.read().failed
    assert codes == [1]
    assert failed is not None
    assert "was ended by SIGABRT" in failed.message
    assert "Fatal Python error: Aborted" in run.stderr_file.read_text()


def test_it_ends_when_it_is_dismissed() -> None:
    standby.prepare()
    number = waiting()
    standby.dismiss()
    assert gone(number)
    assert standby.take() is None


def test_it_ends_with_its_parent() -> None:
    standby.prepare()
    process = standby.take()
    assert process is not None
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()  # as the end of the parent does
    process.stdout.close()
    assert process.wait(120) is not None


def test_there_is_none_where_it_would_be_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("cores", 1), ("total_memory", 2 << 30), ("free_memory", 1 << 29)):
        with monkeypatch.context() as patch:
            patch.setattr(resources, name, lambda value=value: value)
            standby.prepare()
        assert standby.take() is None
