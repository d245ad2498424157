"""The process that computes for the dashboard: real models, the same results to the bit, and every way it may end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from cxrtui.errors import Cancelled, CxrtuiError, FilmError, UsageError, WeightsError, cancelled_when, never_cancelled
from cxrtui.files import sha256
from cxrtui.process.compute import calls
from cxrtui.process.compute.owner import NICE, ComputeProcess
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.weights.hub import Published
from tests.conftest import SMALL
from tests.weights import torchvision_file
from tests.weights.loopback_hub import publish, serving

pytestmark = pytest.mark.slow

STAGES = (1, 1, 1, 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, phantom_films: Path) -> Run:
    from cxrtui.runner import drive

    run = Run(tmp_path_factory.mktemp("checkpoints") / "run")
    run.folder.mkdir()
    assert drive(run, config.resolve(SMALL, {"data.source": str(phantom_films), "optim.epochs": 1})) == 0
    return run


@pytest.fixture(scope="module")
def films(phantom_films: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eleven films, so that the last batch is not full, and one that is torn."""
    torn = tmp_path_factory.mktemp("torn") / "törn.png"
    good = sorted(phantom_films.glob("positive/*.png"))[:11]
    torn.write_bytes(good[0].read_bytes()[:60])
    return [*good[:3], torn, *good[3:]]


@pytest.fixture(scope="module", autouse=True)
def _ended() -> Iterator[None]:
    yield
    end(calls.compute.pid)


def end(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        until(lambda: calls.compute.pid is None)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def asked(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Do the work in a thread; the list gets its result or its error."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_films_and_heat_maps_are_those_of_the_command_to_the_bit(trained: Run, films: list[Path]) -> None:
    from cxrtui.evaluation.classify import load
    from cxrtui.evaluation.evidence.layers import film_layer

    here = load(trained)
    assert list(calls.classify(trained, films)) == list(here.classify(films))
    for method, stage in (("gradcam", "stage4"), ("hirescam", "stage3")):
        there, own = calls.heat_layer(trained, films[0], (96, 96), method, stage), film_layer(
            here.model, films[0], (96, 96), method, stage)  # fmt: skip
        assert (there.strongest, there.positive) == (own.strongest, own.positive)
        assert np.array_equal(there.pixels, own.pixels)
        assert there.pixels.dtype == own.pixels.dtype
    pid = calls.compute.pid
    assert pid is not None
    assert psutil.Process(pid).nice() - psutil.Process().nice() in (NICE, 19 - psutil.Process().nice())


def test_errors_keep_their_class_and_the_process_goes_on(trained: Run, films: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no run and no classifier"):
        list(calls.classify(Run(tmp_path / "none"), films))
    pid = calls.compute.pid
    with pytest.raises(FilmError):
        calls.heat_layer(trained, films[3], (96, 96), "gradcam", "stage4")
    with pytest.raises(CxrtuiError, match="ValueError: no heat map by 'x' of 'stage4'"):
        calls.heat_layer(trained, films[0], (96, 96), "x", "stage4")
    with pytest.raises(WeightsError, match="is no file of weights but a PNG image"):
        calls.check_weights(films[0], config.resolve(SMALL))
    assert calls.compute.pid == pid


def test_weights_are_checked_and_put_on_the_shelf(tmp_path: Path) -> None:
    tensors = torchvision_file.torchvision_tensors(4, STAGES)
    file = torchvision_file.saved(tensors, tmp_path)
    calls.check_weights(file, config.resolve(SMALL))
    options = {"width": 4, "stages": STAGES, "licence": "MIT"}
    taken, digest = calls.port(file, tmp_path / "models", "mine", options, force=False, check_cancelled=never_cancelled)
    assert "torchvision's keys" in taken
    assert len(digest) == 64
    assert (tmp_path / "models" / "mine" / "model.toml").is_file()
    # The first look cancels it: a process that has ported before is done before a second. The shelf is as before then.
    with pytest.raises(Cancelled):
        calls.port(file, tmp_path / "models", "other", options, force=False,
                   check_cancelled=cancelled_when(lambda: True))  # fmt: skip
    assert [item.name for item in (tmp_path / "models").iterdir()] == ["mine"]


def test_published_weights_are_fetched_with_progress_or_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    file = torchvision_file.saved(torchvision_file.torchvision_tensors(4, STAGES), tmp_path)
    what = ("imagenet", "for tests", "lab/resnet", revision, "model.safetensors", "MIT", "torchvision", sha256(file))
    publish(tmp_path / "catalogue", monkeypatch, Published(*what, width=4, stages=STAGES))
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    models, seen = tmp_path / "models", list[tuple[int, int]]()

    def fetch() -> bool:
        check_cancelled = cancelled_when(lambda: bool(seen and held))
        return calls.fetch("imagenet", models, lambda *here: seen.append(here), force=False,
                           check_cancelled=check_cancelled)  # fmt: skip

    with serving(**{f"/lab/resnet/resolve/{revision}/model.safetensors": file.read_bytes()}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setattr(calls, "compute", ComputeProcess())  # that finds this environment
        hub.mishaps, held = ["hold 40960"], True
        with pytest.raises(Cancelled):
            fetch()
        assert 0 < seen[-1][0] <= 40960
        assert not (models / "imagenet").exists()
        held = False
        assert fetch()
        assert hub.ranges[-1].startswith("bytes=")  # it went on with what had come
        assert (models / "imagenet" / "model.toml").is_file()
        assert not fetch()
    end(calls.compute.pid)


def test_what_is_cancelled_ends_at_once_and_what_is_asked_meanwhile_is_answered(
    trained: Run, films: list[Path]
) -> None:
    stop = threading.Event()
    rows = calls.classify(trained, films * 400, cancelled_when(stop.is_set))
    assert next(rows).ok
    calls.heat_layer(trained, films[0], (96, 96), "gradcam", "stage4")
    stop.set()
    with pytest.raises(Cancelled):
        next(rows)
    assert [row.file for row in calls.classify(trained, films[:1])] == [str(films[0])]


def test_a_process_that_dies_is_a_message_and_the_next_try_starts_another(trained: Run, films: list[Path]) -> None:
    list(calls.classify(trained, films[:1]))
    first = calls.compute.pid
    thread, outcome = asked(lambda: list(calls.classify(trained, films * 400)))
    time.sleep(0.2)
    end(first)
    thread.join(60)
    assert isinstance(outcome[0], CxrtuiError)
    assert str(outcome[0]) == (
        "The process that computes was ended by SIGKILL, as the system does where memory is short; the next try starts "
        "another one."
    )
    assert next(calls.classify(trained, films[:1])).ok
    second = calls.compute.pid
    assert second not in (None, first)
    end(second)  # while nothing is asked: nobody need hear of it
    assert next(calls.classify(trained, films[:1])).ok


def test_a_process_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = ComputeProcess()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CxrtuiError, match="cannot be started"):
        compute.result("check_weights", {})


def test_it_ends_with_its_owner_however_that_ends(trained: Run, films: list[Path]) -> None:
    program = """
import sys
from pathlib import Path
from cxrtui.process.compute import calls
from cxrtui.runs.folder import Run
run, films = Run(Path(sys.argv[1])), [Path(name) for name in sys.argv[2:]]
rows = calls.classify(run, films * 10000)
next(rows)
print(calls.compute.pid, flush=True)
input()
"""
    command = [sys.executable, "-c", program, str(trained.folder), *map(str, films)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    child = psutil.Process(int(owner.stdout.readline()))
    below = [child, *child.children(recursive=True)]
    owner.kill()
    owner.communicate()
    gone, alive = psutil.wait_procs(below, 10)
    assert not alive
    assert len(gone) > 1  # with the process that decodes


def test_a_report_is_the_page_that_the_command_writes(trained: Run, tmp_path: Path) -> None:
    from cxrtui.evaluation.report.writing import write

    calls.report(trained, tmp_path / "page.html")
    write(trained, tmp_path / "here.html")
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "here.html").read_bytes()
    with pytest.raises(UsageError, match="There is no folder"):
        calls.report(trained, tmp_path / "none" / "page.html")
