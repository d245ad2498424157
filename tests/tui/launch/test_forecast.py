"""The forecast takes times from an earlier run that is alike, else from the speed of the machine."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cxrtui.settings.config import Config, resolve
from cxrtui.training.estimate import Forecast
from cxrtui.training.speed import Machine
from cxrtui.tui.launch.forecast import Forecaster, forecast, lines, short, size
from cxrtui.tui.page import Services
from cxrtui.workspace import Workspace
from tests.tui import logs
from tests.tui.conftest import MACHINE


def alike(checkpoints: Path) -> None:
    run = logs.write(checkpoints, "before", logs.finished("before"))
    run.config_file.write_text("[optim]\nbatch_size = 32\n")


def test_times_are_those_of_a_run_that_is_alike(tmp_path: Path) -> None:
    alike(tmp_path)
    found = forecast(Config(), 1000, tmp_path, MACHINE)
    assert found.like == "before"
    assert found.compile_seconds == 11.3  # as its log says
    assert found.epoch_seconds == pytest.approx((logs.STEPS + 1.5) * 700 / (logs.STEPS * 32))
    assert "as run before took" in lines(found)
    other = forecast(resolve({"data.size": 128}), 1000, tmp_path, MACHINE)
    assert other.like == ""
    assert other.epoch_seconds is not None


def test_several_devices_share_the_batch_and_one_says_nothing_of_them(tmp_path: Path) -> None:
    alike(tmp_path)
    several = replace(MACHINE, devices=4)
    one, four = (forecast(Config(), 1000, tmp_path, machine) for machine in (MACHINE, several))
    assert (one.devices, one.like, four.devices, four.like) == (1, "before", 4, "")
    assert four.memory.activations < one.memory.activations
    assert "on each of 4 devices" in lines(four)[0]
    assert forecast(resolve({"run.devices": 2}), 1000, tmp_path, several).devices == 2
    assert forecast(resolve({"optim.batch_size": 30}), 1000, tmp_path, several).devices == 3
    assert forecast(resolve({"optim.batch_size": "auto"}), 1000, tmp_path, several).devices == 4


def test_a_run_of_another_device_says_nothing(tmp_path: Path) -> None:
    alike(tmp_path)
    assert forecast(Config(), 1000, tmp_path, Machine("gpu", "H100", 5e14, 80 << 30)).like == ""


def test_runs_that_cannot_be_read_are_passed_by(tmp_path: Path) -> None:
    alike(tmp_path)
    torn = logs.write(tmp_path, "torn", logs.finished("torn"))
    torn.config_file.write_text("= = =")
    empty = logs.write(tmp_path, "empty", logs.begin("empty"))
    empty.config_file.write_text("")
    assert forecast(Config(), 1000, tmp_path, MACHINE).like == "before"


def test_without_a_machine_or_films_there_is_memory_alone(tmp_path: Path) -> None:
    for films, machine in ((0, MACHINE), (1000, None)):
        found = forecast(Config(), films, tmp_path, machine)
        assert found.epoch_seconds is None
        assert len(lines(found)) == 1
        assert short(found).startswith("about ")


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    found = forecast(resolve({"optim.batch_size": 256}), 1000, tmp_path, MACHINE)
    assert found.tight
    assert lines(found)[0].startswith("! about ")
    assert "there are 8.0 GiB: it fits with Batch size 32" in lines(found)[0]
    far = forecast(resolve({"model.init": "random", "model.width": 256}), 1000, tmp_path, MACHINE)
    assert "make batch or image smaller" in lines(far)[0]
    assert short(found).startswith("! about ")
    assert size(3 << 20) == "3 MiB"


def test_on_a_gpu_the_program_is_not_counted_and_numbers_are_half(tmp_path: Path) -> None:
    gpu = Machine("gpu", "H100", 5e14, 80 << 30)
    on_gpu, on_cpu = (forecast(Config(), 1000, tmp_path, machine).memory for machine in (gpu, MACHINE))
    assert on_gpu.program == 0
    assert on_gpu.activations < on_cpu.activations
    whole = forecast(resolve({"model.precision": "float32"}), 1000, tmp_path, gpu).memory
    assert whole.activations == on_cpu.activations


def test_only_the_newest_form_is_answered_and_again_once_the_device_is_known(tmp_path: Path) -> None:
    measured, came, posted = threading.Event(), threading.Semaphore(0), list[Forecast]()

    def machine() -> Machine:
        assert measured.wait(20)
        return MACHINE

    def post(found: Forecast) -> None:
        posted.append(found)
        came.release()

    services: Any = SimpleNamespace(workspace=Workspace(tmp_path), backend=SimpleNamespace(machine=machine))
    forecaster = Forecaster(cast(Services, services), post)
    forecaster.ask(Config(), 1000)
    assert came.acquire(timeout=20)
    assert posted[-1].epoch_seconds is None
    measured.set()
    assert came.acquire(timeout=20)
    assert posted[-1].epoch_seconds is not None
    count = len(posted)
    forecaster.ask(Config(), 1000)  # nothing is new
    forecaster.ask(resolve({"optim.batch_size": 8}), 1000)
    assert came.acquire(timeout=20)
    assert len(posted) == count + 1
    forecaster.cancel()
