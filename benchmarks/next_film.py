"""How long the next film takes on the screen of Classify: from the key to the drawn film, with the real decoders.

    python benchmarks/next_film.py FOLDER [--size 80x24] [--films 20] [--model RUN]

FOLDER holds films. "Rested" keys come 0.6 s apart, so that the film beside the cursor is decoded ahead; "typed" ones as
soon as the film before is drawn; "cold" are films that no earlier key came near. Each figure is of the wall clock;
beside the medians is the own time of this process, which other programs that run do not lengthen. With a model, the
folder's films are classified meanwhile: the keys go on while it is loaded and compiled.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Static

from cxrtui.runs.folder import Run
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.workspace import Workspace

Took = tuple[float, float]


async def to_film(pilot: Pilot[int], screen: ClassifyScreen, keys: Sequence[str]) -> Took:
    """Return the seconds from the keys to the film, by the clock and of this process."""
    film = screen.film_box.film
    before, start, own = film.film, time.perf_counter(), time.process_time()
    await pilot.press(*keys)
    while film.film is before:
        await asyncio.sleep(0.001)
    await pilot.pause()  # until it is drawn
    return time.perf_counter() - start, time.process_time() - own


def report(name: str, took: Sequence[Took]) -> None:
    """Print the times in milliseconds."""
    clock, own = sorted(1000 * one for one, _ in took), [1000 * own for _, own in took]
    print(f"{name:7} median {statistics.median(clock):4.0f} ms (own {statistics.median(own):4.0f}), "
          f"p90 {clock[int(0.9 * (len(clock) - 1))]:4.0f}, worst {clock[-1]:4.0f}; {len(clock)} films")  # fmt: skip


async def measure(folder: Path, size: tuple[int, int], films: int, model: Run | None) -> None:
    """Walk through the films of a folder, while `model` classifies them if it is given."""
    with tempfile.TemporaryDirectory() as place:
        app = Dashboard(Workspace(Path(place)))
        async with app.run_test(size=size) as pilot:
            screen = ClassifyScreen(model, folder)
            await app.push_screen(screen)
            while screen.browser.picker.film_at(2 * films + 5) is None:
                await pilot.pause(0.05)
            await to_film(pilot, screen, ["n"])  # starts the processes that decode
            if model is not None:
                while screen.model is None:
                    await pilot.pause(0.05)
                await pilot.press("a", "c")
            rested, typed, cold = [], [], []
            for _ in range(films):
                await asyncio.sleep(0.6)
                rested.append(await to_film(pilot, screen, ["n"]))
            for _ in range(films):
                typed.append(await to_film(pilot, screen, ["n"]))
            for _ in range(max(1, films // 4)):
                await asyncio.sleep(0.6)
                cold.append(await to_film(pilot, screen, ["n"] * 5))
            for name, took in (("rested", rested), ("typed", typed), ("cold", cold)):
                report(name, took)
            if model is not None:
                print(f"meanwhile: {screen.query_one('#classify-note', Static).render()}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="80x24")
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--model", type=lambda text: Run(Path(text).absolute()))
    given = parser.parse_args()
    columns, rows = map(int, given.size.split("x"))
    asyncio.run(measure(given.folder, (columns, rows), given.films, given.model))


if __name__ == "__main__":
    main()
