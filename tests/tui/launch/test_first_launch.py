"""Fresh dashboards that start a training at the same time: each follows its run, and none ends before its time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cxrtui.runs.folder import Run
from tests.tui.terminal import LEFT_THE_SCREEN, Terminal

AT_ONCE = 2  # with the processes that train: more than many machines have cores, so that they load each other
SETTINGS = ("data.size=32", "data.duplicates=identical", "model.width=4", "model.stages=1,1,1,1", "model.hidden=8",
            "optim.batch_size=8", "optim.epochs=1")  # fmt: skip


def launch(number: int, films: Path, folder: Path) -> None:
    """Open the dashboard on a new run; once JAX and all else is imported, the screen must still follow the run."""
    run = Run(folder / "checkpoints" / f"run{number}")
    settings = [argument for setting in SETTINGS for argument in ("--set", setting)]
    arguments = ["--workspace", str(folder), "train", "--data", str(films), "--init", "random", "--run", run.name]
    with Terminal(*arguments, *settings) as terminal:
        terminal.until(lambda: run.events_file.exists() and '"type": "DataPrepared"' in run.events_file.read_text())
        terminal.until(lambda: any(word in terminal.text for word in ("compiling", "▶ training", "✔ finished")))
        assert LEFT_THE_SCREEN not in terminal.output


@pytest.mark.slow
def test_fresh_dashboards_follow_what_they_train(phantom_films: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: launch(number, phantom_films, tmp_path), range(AT_ONCE)))
