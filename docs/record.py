"""Record the dashboard on synthetic films as an animated SVG: launch, monitor, classify.

    python docs/record.py                     # writes docs/tour.svg and docs/tour.txt
    python docs/record.py --out OTHER.svg --columns 110 --rows 32

The real dashboard runs, without a terminal: keys are pressed, a narrow network is trained on phantoms on this machine,
and what the screen shows is kept whenever it changes. Waiting is shortened, so that minutes become about 20 s. The SVG
is animated by CSS alone and shows wherever a picture does; where animation is off it shows the run at its end. That
screen goes as text into a file of the same name with the ending .txt.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from cxrtui.data.phantoms import generate
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import all_runs
from cxrtui.tui.app import Dashboard
from cxrtui.tui.widgets.picker import Picker
from cxrtui.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parent))
from animated_svg import Recording  # beside this file

OUT = Path(__file__).with_name("tour.svg")
# A quarter of ResNet-50's width on films of 96 pixels: what two cores train in a minute or two.
SETTINGS = """\
data.size = 96
augment.rotation = 5.0
model = { init = "random", width = 16, hidden = [64], dropout = 0.2 }
optim = { epochs = 16, batch_size = 16, learning_rate = 3e-3 }
stop = { metric = "auroc", patience = 6 }
"""
TRAINING = 8.0  # seconds that the training takes in the recording
PATIENCE = 1800.0  # seconds that any one thing may take on a slow machine


class Tour:
    """What is pressed, and what is kept of the screen."""

    def __init__(self, app: Dashboard, pilot: Pilot[int], recording: Recording) -> None:
        self.app, self.pilot, self.recording = app, pilot, recording
        self.poster_text = ""

    def keep(self, seconds: float) -> None:
        """Show the screen as it is now for `seconds`."""
        self.recording.add(self.app.export_screenshot(simplify=True), seconds)

    async def press(self, key: str, seconds: float) -> None:
        """Press a key and keep what comes of it."""
        await self.pilot.press(key)
        await self.pilot.pause(0.1)
        self.keep(seconds)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds.

        Raises:
            TimeoutError: it does not within `PATIENCE` seconds.
        """
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError("The dashboard does not go on; look at the last frame of the recording.")
            await self.pilot.pause(0.1)

    def text(self) -> str:
        """The screen as text, a line a row."""
        size = self.app.size
        rows = self.app.screen._compositor.render_strips(size)  # what Textual's own tests read a screen by
        return "".join(f"{row.text.rstrip()}\n" for row in rows)

    def shows(self, text: str) -> bool:
        """Whether `text` is on the screen."""
        return text in self.text()


async def launch(tour: Tour) -> None:
    """From no run at all to one that trains."""
    tour.keep(1.2)
    await tour.press("n", 0.8)
    for letter in "films":
        await tour.press(letter, 0.15)
    await tour.until(lambda: tour.shows("ready to start"))
    tour.keep(1.8)
    await tour.pilot.press("ctrl+s")
    await tour.until(lambda: bool(all_runs(tour.app.workspace.checkpoints)))


async def monitor(tour: Tour) -> None:
    """The training, from its first line to its last, in `TRAINING` seconds."""
    run: Run = all_runs(tour.app.workspace.checkpoints)[0]
    shown: list[str] = []
    while summary(run).status not in ("finished", "stopped", "failed"):
        await tour.pilot.pause(1.0)
        shown.append(tour.app.export_screenshot(simplify=True))
    await tour.pilot.pause(1.5)
    most = 56  # frames; more would make the file large and the eye no wiser
    chosen = [shown[place * len(shown) // most] for place in range(most)] if len(shown) > most else shown
    for screen in chosen:
        tour.recording.add(screen, TRAINING / len(chosen))
    tour.recording.poster = len(tour.recording)
    tour.poster_text = tour.text()
    tour.keep(2.5)


async def classify(tour: Tour) -> None:
    """Films that the run has not seen."""
    await tour.press("c", 1.0)
    await tour.until(lambda: tour.shows("▸ new"))
    picker = tour.app.screen.query_one(Picker)
    for _ in Path().iterdir():
        if (path := picker.path_under_cursor) is not None and path.name == "new":
            break
        await tour.press("down", 0.25)
    await tour.press("enter", 0.5)
    await tour.until(lambda: tour.shows("film-1.png"))
    for _ in range(3):
        await tour.press("down", 0.3)
        await tour.pilot.pause(0.8)
        tour.keep(0.5)
    await tour.press("a", 0.6)
    await tour.pilot.press("c")
    await tour.until(lambda: tour.shows(" films in "))
    tour.keep(3.0)


async def record(columns: int, rows: int) -> tuple[Recording, str]:
    """All of it, in the current folder, which is empty; and the poster as text."""
    Path("cxrtui.toml").write_text(SETTINGS, encoding="utf-8")
    generate(Path("films"), 360, 0, size=192)
    generate(Path("../others"), 6, 1, size=192)
    Path("new").mkdir()
    with Path("../others/manifest.csv").open(encoding="utf-8", newline="") as table:
        for number, row in enumerate(csv.DictReader(table), 1):
            (Path("../others") / row["path"]).rename(f"new/film-{number}.png")
    app = Dashboard(Workspace(Path()))
    recording = Recording(columns, rows, title="cxrtui")
    async with app.run_test(size=(columns, rows)) as pilot:
        await pilot.pause(1.0)
        tour = Tour(app, pilot, recording)
        for part in (launch, monitor, classify):
            await part(tour)
    return recording, tour.poster_text


def main(arguments: Sequence[str] | None = None) -> None:
    """Record, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=30)
    chosen = parser.parse_args(arguments)
    out = chosen.out.absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CXRTUI_CACHE_DIR"] = str(Path(folder) / "cache")
        workspace = Path(folder) / "workspace"
        workspace.mkdir()
        with contextlib.chdir(workspace):
            recording, text = asyncio.run(record(chosen.columns, chosen.rows))
    out.write_text(recording.svg(), encoding="utf-8")
    out.with_suffix(".txt").write_text(text, encoding="utf-8")
    print(f"{out}: {recording.seconds:.0f} s in {len(recording)} frames, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
