"""The heat map over the film of the Classify screen: its keys, its words, and that it never waits."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrtui.errors import WeightsError
from cxrtui.tui import memory
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.widgets.films.film import Film
from cxrtui.workspace import Workspace
from tests.tui import logs
from tests.tui.screen_text import shows, until

pytestmark = pytest.mark.slow


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a-covid.png", "b-normal.png", "torn.png"):
        (folder / name).write_bytes(b"x")
    return folder


async def opened(dashboard: Dashboard, films: Path, pilot: Any) -> Film:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"), state=True)
    screen = ClassifyScreen(run, films)
    await dashboard.push_screen(screen)
    await shows(pilot, "a-covid.png", "done")
    await pilot.press("down")
    film = screen.query_one(Film)
    await until(pilot, lambda: film.film is not None)
    return film


def colour(film: Film) -> list[float]:
    """Mean red, green and blue of what is shown."""
    pixels = film.pixels()
    assert pixels is not None
    return [float(value) for value in pixels.mean(axis=(0, 1))]


def subtitle(film: Film) -> str:
    return str(film.screen.query_one("#film-box").border_subtitle)


async def test_a_refused_film_has_no_map_until_it_is_classified_anyway(dashboard: Dashboard, films: Path) -> None:
    """A map says what speaks for a class, which a refusal does not."""
    (films / "slice.png").write_bytes(b"x")
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        await pilot.press("g")
        await until(pilot, lambda: film.overlay is not None)
        await pilot.press("a", "c")
        await shows(pilot, "1 of these refused")
        await pilot.press("n", "n")
        await shows(pilot, "✗ refused: no frontal chest film")
        await until(pilot, lambda: film.film is not None and film.overlay is None and "log odds" not in subtitle(film))
        await pilot.press("g", "g")
        await shows(pilot, "this film was refused: R classifies it anyway")
        await pilot.press("R")
        await until(pilot, lambda: film.overlay is not None)


async def test_the_map_comes_and_goes_with_its_words(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        plain = colour(film)
        assert plain[0] == plain[2]
        await pilot.press("g")
        await until(pilot, lambda: film.overlay is not None)
        fainter = colour(film)
        assert fainter[0] > plain[0]
        assert fainter[2] < plain[2]
        assert "Grad-CAM: +1.2 log odds for COVID-19 · 40 %" in subtitle(film)
        await pilot.press("greater_than_sign", "greater_than_sign")
        await pilot.pause()
        assert "60 %" in subtitle(film)
        assert colour(film)[2] < fainter[2]
        assert film.opacity == 1  # of the widget: the film itself is as bright as before
        await pilot.press(*["less_than_sign"] * 9)
        await pilot.pause()
        assert "10 %" in subtitle(film)
        await pilot.press("G")
        await until(pilot, lambda: "HiResCAM of stage3" in subtitle(film) and film.overlay is not None)
        await until(pilot, lambda: colour(film)[1] > colour(film)[0])
        await pilot.press("g")
        await until(pilot, lambda: film.overlay is None)
        assert colour(film) == plain
        assert "CAM" not in subtitle(film)


async def test_method_and_opacity_of_the_last_session_are_kept(dashboard: Dashboard, films: Path) -> None:
    memory.set("classify.heat_map_opacity", 7.3)  # of a file that somebody has written
    memory.set("classify.heat_map", "hirescam stage3")
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "HiResCAM of stage3" in subtitle(film) and "100 %" in subtitle(film))
        await pilot.press("less_than_sign", "G")
        await until(pilot, lambda: "Grad-CAM of stage3" in subtitle(film))
    assert memory.get("classify.heat_map_opacity", 0.0) == 0.9
    assert memory.get("classify.heat_map", "") == "gradcam stage3"


async def test_the_map_follows_the_film_and_says_where_there_is_none(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        await pilot.press("g")
        await until(pilot, lambda: film.overlay is not None)
        await pilot.press("down")
        await until(pilot, lambda: "nothing for COVID-19" in subtitle(film))
        assert film.overlay is not None
        assert not film.overlay[..., 3].any()
        await pilot.press("down")
        await shows(pilot, "the file ends after 12 bytes")
        assert film.overlay is None
        await pilot.press("up", "up")
        await until(pilot, lambda: "log odds for COVID-19" in subtitle(film))


async def test_a_slow_map_holds_nothing_up_and_the_last_wish_counts(
    workspace: Workspace, backend: Backend, films: Path
) -> None:
    gate, asked = threading.Event(), []

    def slow(target: Any, path: Path, *rest: Any) -> Any:
        asked.append(path.name)
        gate.wait(30)
        return backend.heat_layer(target, path, *rest)

    dashboard = Dashboard(workspace, replace(backend, heat_layer=slow))
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        await pilot.press("g")
        await until(pilot, lambda: asked == ["a-covid.png"])
        assert "computing Grad-CAM…" in subtitle(film)
        await pilot.press("down")
        await until(pilot, lambda: "b-normal.png" in str(film.screen.query_one("#film-box").border_title))
        await pilot.press("up")
        await until(pilot, lambda: "a-covid.png" in str(film.screen.query_one("#film-box").border_title))
        assert film.overlay is None
        gate.set()
        await until(pilot, lambda: film.overlay is not None)
        assert np.asarray(film.overlay)[..., 3].all()
        await pilot.press("down")
        await until(pilot, lambda: "nothing for COVID-19" in subtitle(film))
        count = len(asked)
        await pilot.press("up")
        await until(pilot, lambda: "log odds for COVID-19" in subtitle(film))
        assert len(asked) == count  # it was kept


async def test_a_model_that_cannot_explain_says_why(workspace: Workspace, backend: Backend, films: Path) -> None:
    def broken(*arguments: Any) -> Any:
        raise WeightsError("done gives no finite heat map for it.")

    dashboard = Dashboard(workspace, replace(backend, heat_layer=broken))
    async with dashboard.run_test(size=(160, 40)) as pilot:
        film = await opened(dashboard, films, pilot)
        await pilot.press("g")
        await shows(pilot, "✗ no heat map: done gives no finite heat map for it.")
        assert "no heat map" in subtitle(film)
        assert film.overlay is None
