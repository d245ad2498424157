"""Does in a dashboard all that needs JAX, in a process that refuses to import it.

``python -m tests.tui.without_jax FILMS FOLDER`` trains, classifies, lays a heat map over a film, checks weights and
puts them on the shelf, and calls the other functions that the dashboard has. It fails where JAX was asked for.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import sys
import traceback
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from cxrtui.data.pool import no_progress
from cxrtui.errors import never_cancelled
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from cxrtui.settings.config import DataConfig
from cxrtui.tui import threads
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.widgets.films.film import Film
from cxrtui.workspace import Workspace
from tests.conftest import SMALL, few_of
from tests.tui.screen_text import shows, text_of, until
from tests.weights import torchvision_file

NAMES = {"jax", "jaxlib", "flax", "optax", "orbax"}
asked: list[str] = []


class Refused(importlib.abc.MetaPathFinder):
    """Refuses JAX, and remembers who asked."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in NAMES:
            asked.append(f"{name} was imported at\n{''.join(traceback.format_stack(limit=12))}")
            raise ImportError(f"{name} is refused here")


def trained(films: Path, folder: Path, backend: Backend) -> Run:
    run = new_run(folder / "checkpoints", "run")
    settings = config.resolve(SMALL, {"data.source": str(films), "optim.epochs": 1})
    code = backend.drive(run, settings, resume=False, should_stop=lambda: False, on_event=lambda line, event: None,
                         fault=lambda: "", let_go=lambda: False)  # fmt: skip
    assert code == 0, run.read().failed
    return run


def others(films: Path, folder: Path, run: Run, backend: Backend) -> None:
    """Call what other screens call."""
    file = torchvision_file.saved(torchvision_file.torchvision_tensors(4, (1, 1, 1, 1)), folder)
    settings = backend.start_config(run)
    backend.check_weights(file, settings)
    options = {"width": 4, "stages": (1, 1, 1, 1), "licence": "MIT"}
    backend.port_weights(file, folder / "models", "mine", options, force=False, check_cancelled=never_cancelled)
    backend.export(run, folder / "models", "exported")
    assert (folder / "models" / "exported" / "classifier.toml").exists()
    backend.survey(films, no_progress)
    backend.inspect(str(few_of(films, folder)), DataConfig(), lambda stage, done, total: None)
    assert backend.truths()(next(films.glob("positive/*.png")), ["negative", "positive"]) is not None
    assert backend.trained_on(run).synthetic


async def classified(films: Path, folder: Path, run: Run, backend: Backend) -> None:
    """Classify films on the screen, and look at a heat map."""
    app = Dashboard(Workspace(folder), backend)
    async with app.run_test(size=(120, 30)) as pilot:
        await shown(app, films, run, pilot)


async def shown(app: Dashboard, films: Path, run: Run, pilot: Pilot[int]) -> None:
    await app.push_screen(ClassifyScreen(run, films / "positive"))
    await shows(pilot, ".png", "run · loss")
    await pilot.press("a", "c")
    await until(pilot, lambda: " films in " in text_of(pilot), 300)
    await pilot.press("down", "down", "g")
    await until(pilot, lambda: app.screen.query_one(Film).overlay is not None, 300)


def main() -> None:
    """Do all of it."""
    films, folder = Path(sys.argv[1]), Path(sys.argv[2])
    sys.meta_path.insert(0, Refused())
    assert not NAMES & set(sys.modules), "the dashboard itself imports JAX"
    backend = Backend()
    run = trained(films, folder, backend)
    failed: list[str] = []

    def work() -> None:
        try:
            others(films, folder, run, backend)
        except BaseException:
            failed.append(traceback.format_exc())

    thread = threads.start("others", work)
    asyncio.run(classified(films, folder, run, backend))
    thread.join()
    sys.exit("\n".join(asked + failed) or 0)


if __name__ == "__main__":
    main()
