"""What a decoder does to its process costs one film, which is told so; real processes die here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from cxrtui.data.images.decoding.process import Answer, CancelledError, Limits
from cxrtui.data.images.decoding.processes import Processes
from cxrtui.errors import CxrtuiError, FilmError

pytestmark = pytest.mark.slow

JOBS = "tests.data.images.decoding.jobs"
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    made = Processes(JOBS, Limits(seconds=60.0, memory=1 << 28))
    yield made
    made.close()


@pytest.fixture(scope="module")
def hasty() -> Iterator[Processes]:
    made = Processes(JOBS, Limits(seconds=2.5))
    yield made
    made.close()


class Films:
    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder, self.processes = folder, processes

    def __call__(self, words: str) -> Answer:
        film = self.folder / f"{words.replace('/', '-')}.film"
        film.write_text(words)
        return self.processes.run("obey", film, {})


@pytest.fixture
def obey(tmp_path: Path, processes: Processes) -> Films:
    return Films(tmp_path, processes)


@pytest.mark.parametrize(("words", "reason"), [
    ("abort", r"its decoder crashed \(signal 6\)"),
    ("killed", r"its decoder crashed \(signal 9\)"),
    ("exit", r"its decoder ended unasked \(exit code 3\)"),
    ("allocate", r"decoding it takes more than 0\.25 GiB"),
    ("leap", r"decoding it takes more than 0\.25 GiB"),
    ("garbage", "its decoder gave no valid answer"),
    ("refuse", r"it is refused\\x1b\[31m"),
])  # fmt: skip
def test_it_costs_one_film_and_the_next_is_read(obey: Films, words: str, reason: str) -> None:
    with pytest.raises(FilmError, match=f"^{reason}$"):
        obey(words)
    answer = obey("well")
    assert (answer.words["said"], bytes(answer.body)) == (["well"], b"body")


@pytest.mark.parametrize("words", ["hang", "spin"])
def test_a_decoder_that_never_returns_costs_one_film(tmp_path: Path, hasty: Processes, words: str) -> None:
    obey = Films(tmp_path, hasty)
    with pytest.raises(FilmError, match=r"^its decoder did not answer within 2\.5 s$"):
        obey(words)
    assert obey("well").words["said"] == ["well"]


def test_the_time_in_which_all_was_stopped_is_not_the_films(
    tmp_path: Path, hasty: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, real = time.monotonic(), time.monotonic
    # From a second after the beginning on, an hour has gone by.
    monkeypatch.setattr(time, "monotonic", lambda: real() + 3600.0 * (real() - began > 1.0))
    assert Films(tmp_path, hasty)("slow").words["said"] == ["slow"]


def test_a_process_is_kept_and_prints_nowhere(obey: Films, capfd: pytest.CaptureFixture[str]) -> None:
    first = obey("well").words["pid"]
    assert obey("print").words["pid"] == obey("well").words["pid"] == first != os.getpid()
    assert capfd.readouterr() == ("", "")


def test_the_innocent_film_is_tried_again_in_a_new_process(obey: Films, tmp_path: Path) -> None:
    before = obey("well").words["pid"]
    answer = obey(f"once {tmp_path / 'mark'}")
    assert answer.words["said"][0] == "once"
    assert answer.words["pid"] != before


def test_among_many_in_flight_the_guilty_alone_are_blamed(obey: Films) -> None:
    films = [f"{'abort' if number % 7 == 3 else 'well'} {number}" for number in range(28)]

    def run(words: str) -> str:
        try:
            return " ".join(obey(words).words["said"])
        except FilmError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(run, films))
    assert said == ["its decoder crashed (signal 6)" if words.startswith("abort") else words for words in films]


def test_large_films_are_decoded_one_at_a_time_and_the_wait_does_not_count(tmp_path: Path, hasty: Processes) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        spans = [answer.words["span"] for answer in pool.map(Films(tmp_path, hasty), [f"large {n}" for n in range(4)])]
    for (_, end), (start, _) in pairwise(sorted(spans)):
        assert end <= start
    assert max(spans)[0] - began > 2.5  # the last has waited for longer than a film may take


def test_who_gives_up_does_not_wait_for_a_decoder_that_hangs(obey: Films, tmp_path: Path) -> None:
    pid = obey("well").words["pid"]
    (tmp_path / "film").write_text("hang")
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 2

    with pytest.raises(CancelledError):
        obey.processes.run("obey", tmp_path / "film", {}, cancelled)
    assert not psutil.pid_exists(pid)


def test_a_film_that_cannot_be_opened_starts_no_process(tmp_path: Path) -> None:
    none = Processes("no.such.module")
    for path, reason in ((tmp_path, "it is a folder"), (tmp_path / "gone", "there is no such file")):
        with pytest.raises(FilmError, match=reason):
            none.run("obey", path, {})
    (tmp_path / "film").write_text("well")
    with pytest.raises(CxrtuiError, match=r"cannot be started: ModuleNotFoundError: No module named 'no'") as caught:
        none.run("obey", tmp_path / "film", {})
    assert not isinstance(caught.value, FilmError)  # the film is not to blame


def test_idle_processes_end_but_one(tmp_path: Path) -> None:
    made = Processes(JOBS)
    obey = Films(tmp_path, made)
    with ThreadPoolExecutor(2) as pool:
        pids = {answer.words["pid"] for answer in pool.map(obey, ["large 0", "large 1"])}
    made.rest()
    assert sum(map(psutil.pid_exists, pids)) == 1
    made.close()
    assert not any(map(psutil.pid_exists, pids))


PARENT = """
import sys, threading, pathlib
from cxrtui.data.images.decoding.processes import Processes
made = Processes("tests.data.images.decoding.jobs")
film = pathlib.Path(sys.argv[1])
print(made.run("obey", film, {}).words["pid"], flush=True)
film.write_text("spin")
made.run("obey", film, {})
"""


def test_no_process_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_text("well")
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(film)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert parent.stdout is not None
    worker = psutil.Process(int(parent.stdout.readline()))
    while worker.cpu_times().user < 0.3:  # it spins in what holds the interpreter
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs([worker], timeout=20)[1] == []


def test_keys_of_the_terminal_do_not_reach_it(obey: Films) -> None:
    pid = obey("well").words["pid"]
    assert os.getsid(pid) == os.getpgid(pid) == pid
    os.kill(pid, signal.SIGINT)
    assert obey("well").words["pid"] == pid


def test_a_process_that_someone_ended_while_idle_is_replaced(obey: Films) -> None:
    pid = obey("well").words["pid"]
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)], timeout=0.5)
    assert obey("well").words["pid"] != pid


def test_threads_that_start_and_end_do_not_take_it_along(obey: Films) -> None:
    pids: list[int] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(obey("well").words["pid"]))
        thread.start()
        thread.join()
    assert pids[0] == pids[1]
