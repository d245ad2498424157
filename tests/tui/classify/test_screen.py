from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui.errors import CheckpointError, FilmError
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.widgets.picker import Picker
from tests.tui import logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    (folder / "more").mkdir(parents=True)
    for name in ("covid-1.png", "normal-1.JPG", "torn.png", "notes.txt"):
        (folder / name).write_bytes(b"x")
    return folder


async def open_classify(dashboard: Dashboard, films: Path, pilot) -> ClassifyScreen:  # type: ignore[no-untyped-def]
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"), state=True)
    logs.write(dashboard.workspace.checkpoints, "stateless", logs.finished("stateless"))
    screen = ClassifyScreen(run, films)
    await dashboard.push_screen(screen)
    await shows(
        pilot,
        "covid-1.png",
        "done  " if pilot.app.size.width < 76 else "done · loss",
        "Research use only, not for diagnosis.",
    )
    return screen


async def test_select_classify_and_read_the_rows(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_classify(dashboard, films, pilot)
        assert "stateless" not in str(screen._models)
        await pilot.press("a")
        await shows(pilot, "3 selected")
        assert [path.name for path in screen.query_one(Picker).chosen] == ["covid-1.png", "normal-1.JPG", "torn.png"]
        await pilot.press("c")
        await shows(pilot, "90.0 %", "▲ COVID-19", "20.0 %", "▽ No_findings", "✗ no result", "1 not classified")
        assert "threshold 0.50" in text_of(pilot)
        await pilot.press("x")
        await until(pilot, lambda: not screen.query_one(Picker).chosen)


async def test_a_classifier_of_the_shelf_can_be_chosen(dashboard: Dashboard, films: Path) -> None:
    folder = dashboard.workspace.models / "covid"
    folder.mkdir(parents=True)
    for name in ("model.toml", "classifier.toml"):
        (folder / name).touch()
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await dashboard.push_screen(ClassifyScreen(None, films))
        await shows(pilot, "covid-1.png", "covid · shelf")
        await pilot.press("a", "c")
        await shows(pilot, "90.0 %")


async def test_a_model_that_is_too_long_for_its_column_ends_with_a_sign(dashboard: Dashboard) -> None:
    name = "20261126-030103"
    run = logs.write(dashboard.workspace.checkpoints, name, logs.finished(name), state=True)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await dashboard.push_screen(ClassifyScreen(run))
        await shows(pilot, f"{name} · loss…")


async def test_a_reason_is_read_whole_and_ends_with_its_film(dashboard: Dashboard, films: Path) -> None:
    def refuse(path: Path) -> None:
        raise FilmError("it is not a PNG, JPEG, WebP, TIFF, BMP or DICOM film at all")

    dashboard.backend = replace(dashboard.backend, decode=refuse)
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("end")
        await shows(pilot, "✗ it is not a PNG", "DICOM film at all")
        await pilot.press("home")
        await shows(pilot, "move to a film to see it")
        assert "PNG, JPEG" not in text_of(pilot)


async def test_space_and_enter_tick_one_film(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_classify(dashboard, films, pilot)
        picker = screen.query_one(Picker)
        await pilot.press("down", "down", "space")  # the folder comes first
        await shows(pilot, "■ covid-1.png")
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(picker.chosen) == 2)
        await pilot.press("space")
        await until(pilot, lambda: [path.name for path in picker.chosen] == ["covid-1.png"])


async def test_the_preview_shows_the_film_or_the_reason(dashboard: Dashboard, films: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("down", "down")
        await shows(pilot, "▀▀▀▀", "48×64")
        await pilot.press("down", "down", "down")
        await shows(pilot, "the file ends after 12 bytes")


async def test_odd_names_are_only_names(dashboard: Dashboard, films: Path) -> None:
    (films / "[red]covid.png").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(films) + b"/covid-\xff.png")).write_bytes(b"x")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await shows(pilot, "□ [red]covid.png", r"covid-\xff.png")
        await pilot.press("down", "down")
        await shows(pilot, "─ [red]covid.png ─")
        await pilot.press("a", "c")
        await shows(pilot, "5 films in")
        await pilot.press("tab", "tab", "end", "home", "down")
        text_of(pilot).encode()


async def test_without_a_model_it_says_what_to_do(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await shows(pilot, "train one first")


async def test_an_error_of_the_model_is_told(dashboard: Dashboard, films: Path) -> None:
    def load(target: object) -> object:
        raise CheckpointError("The checkpoint of run done is torn; train it again.")

    dashboard.backend = replace(dashboard.backend, load=load)  # type: ignore[arg-type]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("down", "down", "c")
        await shows(pilot, "✗ The checkpoint of run done is torn")


async def test_leaving_gives_up(dashboard: Dashboard, films: Path) -> None:
    class Endless:
        seen = 0

        def classify(self, paths: Sequence[Path]) -> Iterator[object]:
            import time

            while self.seen < 10_000:
                self.seen += 1
                time.sleep(0.01)
                yield type("Row", (), {"file": "a.png", "ok": False, "error": "no", "label": "", "probabilities": {}})()

    endless = Endless()
    dashboard.backend = replace(dashboard.backend, load=lambda target: endless)  # type: ignore[arg-type,return-value]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("down", "down", "c")
        await until(pilot, lambda: endless.seen > 3)
        await pilot.press("escape")
        await pilot.pause(0.1)
        seen = endless.seen
        await pilot.pause(0.1)
        assert endless.seen <= seen + 1
