"""Workers as processes of their own."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.process import worker as processes
from cxrtui.runs import events
from cxrtui.search.snapshot import look
from cxrtui.search.study import Plan, Study, new_study
from cxrtui.search.worker import at_work
from cxrtui.settings.config import Config
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig

SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("model.dropout", "0.1..0.5"))


def study_of(folder: Path, base: Config, **tune: int) -> Study:
    settings = TuneConfig(trials=2, startup=9, pruner="none", **tune)
    return new_study(folder / "checkpoints", "s", Plan(settings, base, SPACE))


def wait(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def has(study: Study, run: str, kind: type[events.Event]) -> bool:
    return any(isinstance(event, kind) for event in study.run(run).tail().poll())


@pytest.mark.slow
def test_the_trial_of_a_killed_worker_is_taken_up_by_another_from_its_checkpoint(
    tmp_path: Path, small: Callable[..., Config]
) -> None:
    study = study_of(tmp_path, small(optim__epochs=6, stop__patience=0), seeds=1)
    killed = processes.start(study)
    wait(lambda: has(study, "s-0001", events.RunStarted))
    study.run("s-0001").command("pause")  # until the other is there, which may take longer than the whole trial
    other = processes.start(study)
    wait(lambda: at_work(study) == 2)
    study.run("s-0001").command("resume")
    wait(lambda: has(study, "s-0001", events.CheckpointSaved))
    killed.kill()
    killed.wait()
    assert other.wait(240) == 0, (study.folder / "worker.log").read_text()
    found = look(study)
    assert found.counts == {"finished": 2}  # no trial was lost, and none was made twice
    log = study.run("s-0001").tail().poll()
    again = [event for event in log if isinstance(event, events.Resumed) and event.restored]
    assert [event.step > 0 for event in again] == [True]
    assert found.result is not None
    assert found.result.runs == (f"s-best-{found.result.trial:04}-s1",)
    assert (found.workers, at_work(study)) == (0, 0)
    assert found.outcome is not None
    assert found.outcome.reason == "finished"
    assert len({trial.settings["optim.learning_rate"] for trial in found.trials}) == 2


@pytest.mark.slow
def test_an_owned_worker_ends_with_its_parent_and_a_signal_or_the_study_stops_any(
    tmp_path: Path, small: Callable[..., Config]
) -> None:
    study = study_of(tmp_path, small(optim__epochs=50, stop__patience=0), seeds=0)

    def begun(resumes: int) -> Callable[[], bool]:
        """Whether the first trial trains, after so many stops."""

        def found() -> bool:
            state = study.run("s-0001").read()
            return state.status == "training" and len(state.resumes) == resumes

        return found

    ends: list[Callable[[subprocess.Popen[bytes]], object]] = [
        lambda process: process.stdin.close(),  # type: ignore[union-attr]
        lambda process: process.send_signal(signal.SIGTERM),
        lambda process: study.stop(),
    ]
    for number, end in enumerate(ends):
        process = processes.start(study, owned=number == 0)
        wait(begun(number))
        end(process)
        assert process.wait(60) == 5, (study.folder / "worker.log").read_text()
        assert study.run("s-0001").read().status == "stopped"
    assert look(study).counts == {"stopped": 1}
