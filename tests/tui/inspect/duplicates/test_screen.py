"""From a report with copies to settings that a training reads, and back; by the real inspection of small films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from textual.pilot import Pilot

from cxrtui.data.inspect.report import inspect
from cxrtui.data.sources.correction_files import read_excluded, read_groups
from cxrtui.errors import FilmError
from cxrtui.settings.config import DataConfig, load
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.inspect.duplicates.screen import DuplicatesScreen
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.routes import OpenData
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.widgets.films.film import Film
from cxrtui.workspace import Workspace
from tests.made_once import made_once
from tests.tui.screen_text import shows, until

pytestmark = pytest.mark.slow


def draw(folder: Path) -> None:
    """Six films of noise: one near-duplicate in the other class, one identical file in its own."""
    for number, label in enumerate(("COVID-19", "COVID-19", "Normal", "Normal")):
        grey = np.random.default_rng(number).integers(0, 256, (12, 12), dtype=np.uint8)
        path = folder / label / f"{number:08d}_000.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).resize((96, 96), Image.Resampling.BICUBIC).save(path)
    with Image.open(folder / "COVID-19" / "00000000_000.png") as film:
        film.resize((120, 120), Image.Resampling.BICUBIC).save(folder / "Normal" / "00000007_000.jpg", quality=90)
    copy = folder / "Normal" / "00000002_000.png"
    (folder / "Normal" / "00000008_000.png").write_bytes(copy.read_bytes())


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "films with copies", draw)


@pytest.fixture
def dashboard(workspace: Workspace, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(workspace.root / "cache"))

    def inspected(text: str, data: DataConfig, on_progress: Any) -> Any:
        return inspect(text, replace(data, size=32), on_progress)

    return Dashboard(workspace, replace(backend, inspect=inspected, open_film=Backend().open_film))


async def to_pairs(pilot: Pilot[int]) -> DuplicatesScreen:
    """Go on from a report that is being made."""
    await shows(pilot, "✔ read in", "1 in conflict")
    await pilot.press("d")
    await shows(pilot, "pair 1 of 2", "✗ conflict")
    screen = pilot.app.screen
    assert isinstance(screen, DuplicatesScreen)
    return screen


def both_drawn(screen: DuplicatesScreen) -> Callable[[], bool]:
    return lambda: all(film.film is not None for film in screen.query(Film))


@pytest.mark.parametrize("size", [(60, 18), (200, 50)])
async def test_choices_are_written_read_and_taken_back(
    dashboard: Dashboard, films: Path, size: tuple[int, int]
) -> None:
    async with dashboard.run_test(size=size) as pilot:
        dashboard.open(OpenData(str(films)))
        screen = await to_pairs(pilot)
        await until(pilot, both_drawn(screen))
        await shows(pilot, "00000000_000.png", "00000007_000.jpg", "COVID-19", "Normal", "120×120", "n Next", "? Help")
        await pilot.press("plus")
        await until(pilot, lambda: len({film.viewport for film in screen.query(Film)}) == 1)
        assert screen.query(Film).first().viewport.zoom == 1.5
        await pilot.press("r")
        await shows(pilot, "✗ left out", "▸ leave out right", "1 film left out")
        await pilot.press("n", "d")
        await shows(pilot, "pair 2 of 2", "= identical files", "the same byte for byte")
        await pilot.press("o", "o", "o", "u", "u")
        await shows(pilot, "1 film left out, 1 pair of one patient")
        await pilot.press("q")
        await shows(pilot, "Quit?", "Chosen and not written yet: 1 film left out")
        await pilot.press("escape", "escape")
        await shows(pilot, "Leave without writing?")
        await pilot.press("s")
        await shows(pilot, "Write 1 film left out, 1 pair of one patient?", "is made, with:")
        await pilot.press("y")
        await shows(pilot, "5 films", "✔ read in", "1 pair of copies")
        settings = load(dashboard.workspace.config_file).data
        assert read_excluded(Path(settings.exclude)) == [str(films / "Normal" / "00000007_000.jpg")]
        assert [row.relation for row in read_groups(Path(settings.groups))] == ["same patient"]
        await pilot.press("z")
        await shows(pilot, "6 films", "2 pairs of copies, 1 in conflict")
        assert not list(dashboard.workspace.root.glob("*.t*"))


async def test_the_form_below_gets_what_was_written(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        form.fill({"data.source": str(films)})
        await pilot.press("f2")
        await to_pairs(pilot)
        await pilot.press("x", "s")
        await shows(pilot, "Write 2 films left out?")
        await pilot.press("y")
        await shows(pilot, "4 films", "✔ read in")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is form)
        assert form.values["data.exclude"] == str(dashboard.workspace.root / "excluded.txt")


async def test_choices_that_contradict_each_other_are_not_written(dashboard: Dashboard, tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    for size, label in ((96, "COVID-19"), (120, "Normal"), (150, "Normal")):
        path = tmp_path / "three" / label / f"{size}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey).resize((size, size), Image.Resampling.BICUBIC).save(path)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenData(str(tmp_path / "three")))
        await shows(pilot, "d shows 3 pairs")
        await pilot.press(*"ddnonos")
        await shows(pilot, "Not written", "other choices say", "nothing was")
        assert not list(dashboard.workspace.root.glob("*groups*"))
        await pilot.press("enter", "u", "s")
        await shows(pilot, "Write 1 pair of one patient, 1 pair of two patients?")


async def test_a_filter_lists_and_a_side_is_left_out(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(120, 30)) as pilot:
        dashboard.open(OpenData(str(films)))
        screen = await to_pairs(pilot)
        await pilot.press("slash", *"identical")
        await shows(pilot, "pair 1 of 1 (of 2)")
        await pilot.press("enter", "L")
        await shows(pilot, "▸ leave out left")
        await pilot.press("slash", *" none")
        await shows(pilot, "no pair (of 2)", "no pair has these words")
        await pilot.press("enter", "x", "d", "o")  # nothing is shown that these could act on
        await pilot.press("escape")
        await shows(pilot, "pair 1 of 2", "1 film left out")
        await pilot.press("v", "v")
        await until(pilot, lambda: not screen.query_one("#pair-films").display)
        dashboard.go_to("Runs", None)
        await shows(pilot, "Go to Runs without writing?", "Chosen and not written yet: 1 film left out")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is screen)
        await pilot.press("escape", "d")
        await until(pilot, lambda: not isinstance(dashboard.screen, DuplicatesScreen))
        await pilot.press("d", "x")
        await shows(pilot, "2 films left out")
        dashboard.go_to("Runs", None)
        await shows(pilot, "Go to Runs without writing?")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(dashboard.screen, RunsScreen))
        assert not dashboard.workspace.config_file.exists()


async def test_a_film_that_cannot_be_decoded_says_why(
    dashboard: Dashboard, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def open_film(path: Path) -> Any:
        if path.suffix == ".jpg":
            raise FilmError("the file ends after 12 bytes")
        return Backend().open_film(path)

    dashboard.backend = replace(dashboard.backend, open_film=open_film)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.open(OpenData(str(films)))
        screen = await to_pairs(pilot)
        await shows(pilot, "✗ the file ends after 12 bytes")
        await until(pilot, lambda: screen.query(Film).first().film is not None)
        await pilot.press("plus", "e")
        await shows(pilot, "✗ no program opens films here", "y copies the paths")
        assert screen.query(Film).first().viewport.zoom == 1.5
        await pilot.press("c")
        await shows(pilot, "move to a film to see it", "□ 00000000_000.png", "□ 00000001_000.png")
