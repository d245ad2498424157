"""Thirty fresh dashboards that start a training: none of them dies of what the training's thread imports."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cxrtui.runs.folder import Run
from tests.tui.terminal import LEFT_THE_SCREEN, Terminal

AT_ONCE = 4  # more than many machines have cores: they load each other
SETTINGS = ("data.size=32", "model.width=4", "model.stages=1,1,1,1", "model.hidden=8", "optim.batch_size=8",
            "optim.epochs=1")  # fmt: skip


def launch(number: int, films: Path, folder: Path, slow_imports: float) -> None:
    """Open the dashboard on a new run; once JAX and all else is imported, the screen must still follow the run."""
    run = Run(folder / "checkpoints" / f"run{number}")
    settings = [argument for setting in SETTINGS for argument in ("--set", setting)]
    arguments = ["--workspace", str(folder), "train", "--data", str(films), "--init", "random", "--run", run.name]
    with Terminal(*arguments, *settings, slow_imports=slow_imports) as terminal:
        terminal.until(lambda: run.events_file.exists() and '"type": "DataPrepared"' in run.events_file.read_text())
        terminal.until(lambda: any(word in terminal.text for word in ("compiling", "▶ training", "✔ finished")))
        assert LEFT_THE_SCREEN not in terminal.output


@pytest.mark.slow
def test_thirty_fresh_dashboards_live_through_what_a_training_imports(phantom_films: Path, tmp_path: Path) -> None:
    # In every second one a replaced import takes 5 ms more, as where the processor is taken away from it.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: launch(number, phantom_films, tmp_path, 0.005 * (number % 2)), range(30)))
