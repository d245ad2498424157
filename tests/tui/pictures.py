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

from cxrtui.data.duplicates.relations import IDENTICAL, NEAR, Relation
from cxrtui.data.films import RULE_SERIES, Collection, Film, placed
from cxrtui.data.inspect.duplicates import Duplicates
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Section
from cxrtui.evaluation.trained_on import TrainedOn
from cxrtui.runs import events as ev
from cxrtui.runs import notes
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, DataConfig
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend, OpenedFilm
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.routes import OpenCompare, OpenData, OpenEvaluate, OpenLaunch, OpenMonitor, OpenProtocol, OpenTune
from cxrtui.workspace import Workspace
from tests.tui import compared, evaluated, logs, protocols_made, studies
from tests.tui.conftest import MACHINE, checked
from tests.tui.conftest import classify as classified
from tests.tui.screen_text import shows, until

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = ((80, 24), (200, 50))
MADE_WITH = f"textual {version('textual')}, rich {version('rich')}"
NOW = logs.START + 3 * 3600.0
DAY = 86_400.0
SIMILAR = (0.988, 0.987)
"""How alike the search finds each phantom and the edited one (`similarities`)."""
REAL, REAL_STEP = Path("real"), 9 * 27 + 8
"""Where the run on real films is, and the step in its tenth epoch at which it is shown live."""


@cache
def phantom(positive: bool) -> Any:
    """A synthetic film, as `cxrtui.data.phantoms` has drawn it; kept, for its pixels may differ between processors.

    Shape [192, 192], uint8.
    """
    both = np.asarray(Image.open(Path(__file__).with_name("phantoms.png")))
    return both[:, :192] if positive else both[:, 192:]


@cache
def edited(positive: bool) -> Any:
    """The same film as another collection may have it: cropped by 4 % a side, with another size, brightness and gamma.

    Shape [240, 240], uint8.
    """
    cropped = Image.fromarray(phantom(positive)).crop((8, 8, 184, 184)).resize((240, 240), Image.Resampling.BICUBIC)
    return np.asarray(np.rint(255 * (np.asarray(cropped) / 255) ** 0.7), np.uint8)


def opened(path: Path) -> OpenedFilm:
    """The film that a picture shows at `path`."""
    draw = edited if path.name in ("like-covid.png", "normal-2.png") else phantom
    return OpenedFilm(draw("covid" in path.name), "PNG 8 bit grey")


def copies() -> Duplicates:
    """Three pairs of the films of the workspace: one under two labels, one in two splits, one of identical files.

    The similarities are those that the search finds of `phantom` and `edited`, as `main` checks.
    """
    places = (("COVID-19", "covid-1", "00013", "train"), ("COVID-19", "covid-2", "00013", ""),
              ("No_findings", "like-covid", "00871", ""), ("No_findings", "normal-1", "00402", "train"),
              ("No_findings", "normal-2", "01157", "test"))  # fmt: skip
    films = [Film(root=Path("films"), name=f"{label}/{name}.png", label=label, patient=patient,
                  split=split, patient_rule=RULE_SERIES) for label, name, patient, split in places]  # fmt: skip
    found = [Relation(0, 1, IDENTICAL, 1.0), Relation(0, 2, NEAR, SIMILAR[0]), Relation(3, 4, NEAR, SIMILAR[1])]
    return Duplicates(films, found, [found[1]], [found[2]], near=True)


def similarities() -> list[float]:
    """What the search says of the two edited films, with the original of each."""
    from cxrtui.data.duplicates.relations import related
    from cxrtui.data.pool import no_progress
    from cxrtui.files import sha256

    with tempfile.TemporaryDirectory() as folder:
        films = []
        for number, pixels in enumerate((phantom(True), edited(True), phantom(False), edited(False))):
            path = Path(folder, f"{number}.png")
            Image.fromarray(pixels).save(path)
            films.append(Film(**placed(path, path.parent), label=""))
        found = related(films, [sha256(film.path) for film in films], no_progress, near=True)
    assert [(item.first, item.second) for item in found] == [(0, 1), (2, 3)]
    return [item.similarity for item in found]


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
    return Report(text, "class-folders", 1124, 842, sections, ("COVID-19",), ("No_findings",), duplicates=copies())


def at(events: Sequence[ev.Event], shift: float) -> list[ev.Event]:
    """The events, `shift` seconds later."""
    return [replace(event, time=event.time + shift) for event in events]


async def runs(app: Dashboard, pilot: Pilot[int]) -> None:
    """Five runs, each with another status."""
    await shows(pilot, "▶ training", "✔ finished", "■ stopped", "✗ failed", "! interrupted")


async def monitor_live(app: Dashboard, pilot: Pilot[int]) -> None:
    """A real run in its tenth epoch."""
    app.open(OpenMonitor(Run(REAL / "darkcovidnet-live")))
    await shows(pilot, "▶ training", "epoch 10/30")


async def monitor_done(app: Dashboard, pilot: Pilot[int]) -> None:
    """The same run at its end."""
    app.open(OpenMonitor(Run(REAL / "darkcovidnet-done")))
    await shows(pilot, "✔ finished")


async def monitor_scores(app: Dashboard, pilot: Pilot[int]) -> None:
    """Its last validation, and what it used of the machine."""
    await monitor_live(app, pilot)
    while "confusion matrix" not in text(app):
        await pilot.press("v")
    await shows(pilot, "ROC curve", "cores")


async def classify(app: Dashboard, pilot: Pilot[int]) -> None:
    """Films of two class folders, one of which is wrong and one of which cannot be read."""
    app.push_screen(ClassifyScreen(app_run(app, "resnet50-done"), Path("films")))
    await shows(pilot, "space selects films", "COVID-19", "resnet50-done")
    await pilot.press("slash", *"png")
    await shows(pilot, "6 found")
    await pilot.press("enter", "a", "c")
    await until(pilot, lambda: "6 films in" in text(app) and "wrong" in text(app))
    await until(pilot, lambda: "covid-1.png" in str(app.screen.query_one("#film-box").border_title))


async def data(app: Dashboard, pilot: Pilot[int]) -> None:
    """The report on a collection."""
    app.open(OpenData("films"))
    await until(pilot, lambda: "read in" in text(app))


async def duplicates(app: Dashboard, pilot: Pilot[int]) -> None:
    """Two copies of a film under two labels, one of which is to be left out."""
    await data(app, pilot)
    await pilot.press("d")
    await shows(pilot, "pair 1 of 3", "192×192", "240×240")
    await pilot.press("r")
    await shows(pilot, "✗ left out")


async def launch(app: Dashboard, pilot: Pilot[int]) -> None:
    """The form, ready to start, with some settings changed."""
    changed = {"data.positive": "COVID-19", "data.negative": "No_findings", "model.init": "random",
               "model.freeze": "none", "optim.learning_rate": "3e-4"}  # fmt: skip
    app.open(OpenLaunch({"data.source": "films", **changed, "augment.rotation": "5", "run.name": "resnet50-next"}))
    await shows(pilot, "ready to start", "• Learning rate", "1 changed", "an epoch")


async def compare(app: Dashboard, pilot: Pilot[int]) -> None:
    """Four runs: one with another optimizer, one that was unfrozen step by step, and one of other splits."""
    others = Path("others").absolute()
    found = [
        compared.write(others, "frozen", 1.0, model__freeze="stage3"),
        compared.write(others, "unfrozen", 1.5, model__freeze="stage4", model__unfreeze={"4": "stage4", "8": "stage3"}),
        compared.write(others, "frozen-sgd", 0.7, model__freeze="stage3", optim__name="sgd", optim__learning_rate=0.05),
        compared.write(others, "other-seed", 1.2, division="d2", model__freeze="stage3", run__seed=3),
    ]  # fmt: skip
    order = ("train", "train", "train", "validation", "test")
    for run in found:
        turned = int(run.name == "other-seed")
        compared.write_splits(run, {f"{place}": order[(place + turned * (place // 5)) % 5] for place in range(624)})
    for split in compared.FILMS:
        rows = compared.rows_of(split, 1.2)
        others_of = [{**row, "path": f"{row['path']}{'' if place % 5 == 0 else 'x'}"} for place, row in enumerate(rows)]
        compared.write_rows(found[-1], split, others_of)
    app.open(OpenCompare(tuple(found)))
    await shows(pilot, "● frozen", "! Not the same splits", "95 % intervals by patient")


async def evaluate(app: Dashboard, pilot: Pilot[int]) -> None:
    """The test films of a run whose split divides patients; films of another hospital were evaluated too."""
    run = evaluated.write(Path("others").absolute(), "resnet50-leaks", leaks=evaluated.LEAKS)
    evaluated.write_other(run, "other-hospital")
    app.open(OpenEvaluate(run))
    await shows(pilot, f"! {evaluated.LEAKS}", "test (2/3)", "AUROC")


async def protocol(app: Dashboard, pilot: Pilot[int]) -> None:
    """A finished protocol: each of three sources was tested by a network that never saw it."""
    app.open(OpenProtocol(protocols_made.write(Path("others").absolute())))
    await shows(pilot, "✔ finished", "within sources")


async def tune(app: Dashboard, pilot: Pilot[int]) -> None:
    """A study at its end."""
    app.open(OpenTune(studies.write(REAL)))
    await shows(pilot, "✔ finished", "★")


async def tune_slices(app: Dashboard, pilot: Pilot[int]) -> None:
    """The same study: its objective against each searched setting."""
    await tune(app, pilot)
    while "slices" not in text(app):
        await pilot.press("v")


SCENES: dict[str, Callable[[Dashboard, Pilot[int]], Coroutine[Any, Any, None]]] = {
    "runs": runs, "monitor-live": monitor_live, "monitor-done": monitor_done, "monitor-scores": monitor_scores,
    "classify": classify, "data": data, "duplicates": duplicates, "launch": launch, "compare": compare,
    "evaluate": evaluate, "protocol": protocol, "tune": tune, "tune-slices": tune_slices,
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
            path = Path("films", "COVID-19" if name.startswith("covid") else "No_findings", f"{name}.png")
            path.parent.mkdir(exist_ok=True)
            path.touch()
        Path("films", "No_findings", "like-covid.png").touch()
        here = Workspace(Path())
        recorded = {
            "resnet50-done": at(logs.finished("resnet50-done"), -2 * DAY),
            "imagenet-frozen": at(logs.stopped(), -9 * DAY),
            "lr-too-high": at(logs.failed(), -3 * DAY),
            "laptop": at(logs.trained(5), -20 * DAY),
        }  # fmt: skip
        for name, events in recorded.items():
            logs.write(here.checkpoints, name, events, state=name.startswith("resnet50"))
        notes.write(here.checkpoints / "resnet50-done", "the first that works", ["good"])
        live = logs.write(here.checkpoints, "resnet50-live", at(logs.midway("resnet50-live"), 2.9 * 3600))
        real = logs.recorded("darkcovidnet-96")
        logs.write(REAL, "darkcovidnet-done", at(real, NOW - DAY - real[-1].time), state=True)
        real = logs.recorded("darkcovidnet-96", until_step=REAL_STEP)
        locks = [live.acquire(), logs.write(REAL, "darkcovidnet-live", at(real, NOW - 1 - real[-1].time)).acquire()]
        try:
            yield here
        finally:
            for lock in locks:
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
        prepare_standby=lambda: None, check_weights=checked, start_config=lambda run: Config(), classify=classified,
        survey=lambda path, on_progress: Collection(films=(), root=path, layout="class-folders", found=found),
        inspect=inspected, machine=lambda: MACHINE,
        open_film=opened,
        trained_on=lambda target: TrainedOn("films", {"No_findings": 350, "COVID-19": 87}, 311),
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
    assert np.allclose(SIMILAR, similarities(), atol=0.002), similarities()
    for name in sys.argv[1:] or SCENES:
        for size in SIZES:
            file_of(name, size).write_text(asyncio.run(picture(name, size)), encoding="utf-8")
            print(file_of(name, size))


if __name__ == "__main__":
    main()
