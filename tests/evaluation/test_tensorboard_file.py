"""Event files, read back by TensorBoard's own reader, without TensorFlow."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from cxrtui.errors import UsageError
from cxrtui.evaluation.tensorboard_file import write_events
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config
from tests.tui import logs


def test_tensorboard_reads_what_the_log_says(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    run = logs.write(tmp_path, "one", logs.finished("one"))
    state = run.read()
    folder = write_events(run, tmp_path / "boards")
    assert folder == tmp_path / "boards" / "one"
    assert len(list(write_events(run, tmp_path / "boards").iterdir())) == 1  # it replaces the file of before
    found = EventAccumulator(str(folder))
    found.Reload()
    losses = found.Scalars("train/loss")
    assert [item.step for item in losses] == list(state.steps.column("step"))
    assert [item.wall_time for item in losses] == list(state.steps.column("time"))
    assert [item.value for item in losses] == pytest.approx(list(state.steps.column("loss")), rel=1e-6)
    aurocs = [item.metrics["auroc"] for item in state.validations]
    assert [item.value for item in found.Scalars("validation/auroc")] == pytest.approx(aurocs, rel=1e-6)
    assert len(found.Scalars("epoch/loss")) == len(state.epochs) == 12
    [best] = found.Scalars("test/best_accuracy")
    assert (best.step, best.value) == (state.evaluations["test"].step, pytest.approx(87 / 93))
    content = found.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    settings = metadata.parse_session_start_info_plugin_data(content).hparams
    assert settings["optim.learning_rate"].number_value == Config().optim.learning_rate
    assert settings["optim.name"].string_value == Config().optim.name
    assert "tensorflow" not in sys.modules


def test_a_number_that_is_not_finite_stays_one(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = logs.write(tmp_path, "one", [*logs.ready(), *(
        ev.StepDone(step=step, epoch=1, epochs=1, steps_per_epoch=2, loss=loss, accuracy=0.5, learning_rate=0.1,
                    gradient_norm=1.0, images_per_second=3.0, time=logs.START + step)
        for step, loss in ((1, math.nan), (2, 0.5))
    )])  # fmt: skip
    found = EventAccumulator(str(write_events(run, tmp_path / "boards")))
    found.Reload()
    assert [str(item.value) for item in found.Scalars("train/loss")] == ["nan", "0.5"]


def test_a_run_without_a_step(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "empty", [])
    assert len(list(write_events(run, tmp_path / "boards").iterdir())) == 1


def test_a_missing_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = logs.write(tmp_path, "one", logs.finished())
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(UsageError, match=r"pip install 'cxrtui\[tensorboard\]'"):
        write_events(run, tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    run = logs.write(tmp_path, "one", logs.finished())
    (tmp_path / "boards").touch()
    with pytest.raises(UsageError, match="cannot be exported"):
        write_events(run, tmp_path / "boards")
