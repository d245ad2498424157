"""Pictures of the screens, from recorded logs, at a fixed time: the tests compare them, and the documents show them.

python -m tests.tui.pictures      # writes docs/pictures/ anew, after a screen was changed on purpose
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from PIL import Image
from textual.pilot import Pilot
from textual.widgets import Input

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Section
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config, DataConfig
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.routes import OpenData, OpenLaunch, OpenMonitor
from cxrtui.workspace import Workspace
from tests.tui import logs
from tests.tui.conftest import FakeClassifier, checked
from tests.tui.screen_text import shows, until

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = ((80, 24), (200, 50))
MADE_WITH = f"textual {version('textual')}, rich {version('rich')}"
NOW = logs.START + 3 * 3600.0
DAY = 86_400.0


@cache
def phantom(positive: bool) -> Any:
    """A synthetic film, as `cxrtui.data.phantoms` has drawn it; kept, for its pixels may differ between processors.

    Shape [192, 192], uint8.
    """
    both = np.asarray(Image.open(Path(__file__).with_name("phantoms.png")))
    return both[:, :192] if positive else both[:, 192:]


def inspected(text: str, data: DataConfig, on_progress: object) -> Report:
    """A report on a collection that never was."""
    split = {"train": 437, "validation": 94, "test": 93}
    sections = (
        Section("classes", "findings", {"No_findings": 500, "Pneumonia": 500, "COVID-19": 124}),
        Section("rule", "counted as", {"COVID-19": 124, "No_findings": 500}, ["Pneumonia counts as neither"]),
        Section("views", "views", {"PA": 871, "AP": 214, "lateral": 39}, ["lateral films are left out"]),
        Section("split", "split", split, ["no patient is in two splits"]),
        Section("sizes", "sizes", {"1024×1024": 1000, "other": 124}),
        Section("unreadable", "unreadable", {"the file is empty": 1}, [], [("films/x.png", "the file is empty")]),
    )
    return Report(text, "class-folders", 1124, 842, sections, ("COVID-19",), ("No_findings",))


def at(events: Sequence[ev.Event], shift: float) -> list[ev.Event]:
    """The events, `shift` seconds later."""
    return [replace(event, time=event.time + shift) for event in events]


async def runs(app: Dashboard, pilot: Pilot[int]) -> None:
    """Five runs, each with another status."""
    await shows(pilot, "▶ training", "✔ finished", "■ stopped", "✗ failed", "! interrupted")


async def monitor_live(app: Dashboard, pilot: Pilot[int]) -> None:
    """A run in its tenth epoch."""
    app.open(OpenMonitor(app_run(app, "resnet50-live")))
    await shows(pilot, "▶ training", "epoch 10/30")


async def monitor_done(app: Dashboard, pilot: Pilot[int]) -> None:
    """A run that stopped early and was evaluated."""
    app.open(OpenMonitor(app_run(app, "resnet50-done")))
    await shows(pilot, "✔ finished", "stopped early at epoch 12")


async def classify(app: Dashboard, pilot: Pilot[int]) -> None:
    """Five films, one of which cannot be read."""
    app.push_screen(ClassifyScreen(app_run(app, "resnet50-done"), Path("films")))
    await shows(pilot, "space selects films", "covid-1.png", "resnet50-done")
    await pilot.press("down", "a", "c")
    await until(pilot, lambda: "5 films in" in text(app))
    await until(pilot, lambda: "covid-1.png" in str(app.screen.query_one("#film-box").border_title))


async def data(app: Dashboard, pilot: Pilot[int]) -> None:
    """The report on a collection."""
    app.open(OpenData("films"))
    await until(pilot, lambda: "read in" in text(app))


async def launch(app: Dashboard, pilot: Pilot[int]) -> None:
    """The form, ready to start, with some settings changed."""
    changed = {"data.positive": "COVID-19", "data.negative": "No_findings", "model.init": "random",
               "model.freeze": "none", "optim.learning_rate": "3e-4"}  # fmt: skip
    app.open(OpenLaunch({"data.source": "films", **changed, "augment.rotation": "5", "run.name": "resnet50-next"}))
    await shows(pilot, "ready to start", "• Learning rate", "1 changed")


SCENES: dict[str, Callable[[Dashboard, Pilot[int]], Coroutine[Any, Any, None]]] = {
    "runs": runs, "monitor-live": monitor_live, "monitor-done": monitor_done, "classify": classify, "data": data,
    "launch": launch,
}  # fmt: skip


def text(app: Dashboard) -> str:
    """The screen as text."""
    return "\n".join(row.text for row in app.screen._compositor.render_strips())


def app_run(app: Dashboard, name: str) -> Any:
    """A run of the workspace."""
    from cxrtui.runs.listing import find_run

    return find_run(app.workspace.checkpoints, name)


@contextlib.contextmanager
def workspace() -> Iterator[Workspace]:
    """A workspace of recorded runs in the current folder, in which one run is live; three hours after it began."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        patch("time.time", return_value=NOW),  # what is shown as an age, or as for how long
    ):
        Path("work/films").mkdir(parents=True)
        os.chdir("work")
        for name in ("covid-1", "covid-2", "normal-1", "normal-2", "torn"):
            Path("films", f"{name}.png").touch()
        here = Workspace(Path())
        recorded = {
            "resnet50-done": at(logs.finished("resnet50-done"), -2 * DAY),
            "imagenet-frozen": at(logs.stopped(), -9 * DAY),
            "lr-too-high": at(logs.failed(), -3 * DAY),
            "laptop": at(logs.trained(5), -20 * DAY),
        }  # fmt: skip
        for name, events in recorded.items():
            logs.write(here.checkpoints, name, events, state=name.startswith("resnet50"))
        live = logs.write(here.checkpoints, "resnet50-live", at(logs.midway("resnet50-live"), 2.9 * 3600))
        lock = live.acquire()
        try:
            yield here
        finally:
            lock.release()
            if before is None:
                del os.environ["TZ"]
            else:
                os.environ["TZ"] = before
            time.tzset()


async def picture(name: str, size: tuple[int, int]) -> str:
    """A scene as SVG, once it stays as it is."""
    found = {"COVID-19": 124, "No_findings": 500, "Pneumonia": 500}
    backend = Backend(
        check_weights=checked, start_config=lambda run: Config(), load=lambda target: FakeClassifier(),
        survey=lambda path: Collection(films=(), root=path, layout="class-folders", found=found),
        inspect=inspected, decode=lambda path: phantom("covid" in path.name),
    )  # fmt: skip
    with workspace() as here:
        app = Dashboard(here, backend)
        async with app.run_test(size=size) as pilot:
            await SCENES[name](app, pilot)
            for field in app.screen.query(Input):
                field.cursor_blink = False
            svg = ""
            async for now in _looks(app, pilot):
                if now == svg:
                    break
                svg = now
            return svg


async def _looks(app: Dashboard, pilot: Pilot[int]) -> AsyncIterator[str]:
    for _ in range(40):
        await pilot.pause(0.4)
        yield normalised(app.export_screenshot(title="cxrtui", simplify=True))


def normalised(svg: str) -> str:
    """The picture without what differs from export to export, and without fonts from elsewhere."""
    svg = re.sub(r"terminal-\d+", "t", svg)
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r" in \d+\.\d s", " in 1.2 s", svg)  # how long something took
    svg = re.sub(r"in&#160;\d+\.\d&#160;s", "in&#160;1.2&#160;s", svg)
    return svg.replace("<svg ", f"<!-- {MADE_WITH} -->\n<svg ", 1).rstrip() + "\n"


def file_of(name: str, size: tuple[int, int]) -> Path:
    """Where the picture of a scene is kept."""
    return FOLDER / f"{name}-{size[0]}x{size[1]}.svg"


def main() -> None:
    """Write all pictures, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SCENES:
        for size in SIZES:
            file_of(name, size).write_text(asyncio.run(picture(name, size)), encoding="utf-8")
            print(file_of(name, size))


if __name__ == "__main__":
    main()
