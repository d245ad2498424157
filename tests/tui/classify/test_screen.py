from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cxrtui.data.frontal.recognise import recognise
from cxrtui.errors import CheckCancelled, CheckpointError, FilmError, never_cancelled
from cxrtui.evaluation.rows import lines
from cxrtui.evaluation.trained_on import TrainedOn
from cxrtui.runner import save_config
from cxrtui.runs.folder import Run
from cxrtui.settings.config import resolve
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.widgets.picker import Picker
from tests.tui import logs
from tests.tui.conftest import Answer, classify
from tests.tui.screen_text import paste, shows, text_of, until

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
        "done · loss",
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


async def test_a_refused_film_says_why_and_is_classified_anyway_by_a_key(dashboard: Dashboard, films: Path) -> None:
    (films / "slice.png").write_bytes(b"x")
    async with dashboard.run_test(size=(120, 30)) as pilot:
        screen = await open_classify(dashboard, films, pilot)
        await pilot.press("a", "c")
        await shows(pilot, "✗ refused", "2 not classified, 1 of these refused · R classifies one anyway")
        screen.results.lines.focus()
        screen.results.update(films / "slice.png")
        await shows(pilot, "✗ refused: no frontal chest film: it looks like a CT slice · R: anyway")
        await pilot.press("R")
        await shows(pilot, "1 film in")
        assert [outcome.path.name for outcome in screen.results.outcomes.all].count("slice.png") == 1
        assert screen.results.outcomes.of(films / "slice.png").item.ok  # type: ignore[union-attr]
        await pilot.press("R")
        await shows(pilot, "only a film that was refused is classified anyway")


async def test_a_film_that_leans_is_refused_because_it_leans(
    dashboard: Dashboard, films: Path, phantom_films: Path
) -> None:
    turned = (Image.open(file).rotate(-25, Image.Resampling.BILINEAR) for file in sorted(phantom_films.glob("*/*.png")))
    next(film for film in turned if "leans" in recognise(film).refused).save(films / "crooked.png")

    def seen(target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled, *, refuse: bool = True) -> Any:
        for path in paths:
            yield Answer(str(path), False, error=f"no frontal chest film: {recognise(Image.open(path)).refused}",
                         refused=True)  # fmt: skip

    dashboard.backend = replace(dashboard.backend, classify=seen)
    async with dashboard.run_test(size=(120, 30)) as pilot:
        screen = await open_classify(dashboard, films, pilot)
        screen._classify([films / "crooked.png"])
        await shows(pilot, "✗ refused", "1 of these refused")
        screen.results.lines.focus()
        screen.results.update(films / "crooked.png")
        await shows(pilot, "no frontal chest film: it leans by about 2", "° clockwise")


async def test_the_whole_reason_of_a_refusal_has_room_on_the_smallest_screen(dashboard: Dashboard, films: Path) -> None:
    (films / "slice.png").write_bytes(b"x")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await open_classify(dashboard, films, pilot)
        await pilot.press("a", "c")
        await shows(pilot, "2 not classified")
        screen.results.lines.focus()
        screen.results.update(films / "slice.png")
        await shows(pilot, "R: anyway")  # the end of the verdict, which is nowhere else
        screen.results.update(films / "covid-1.png")
        await until(pilot, lambda: "R: anyway" not in text_of(pilot))


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
        await until(pilot, lambda: name in text_of(pilot) and "…" in text_of(pilot).split(name)[1].splitlines()[0])


async def test_a_reason_is_read_whole_and_ends_with_its_film(dashboard: Dashboard, films: Path) -> None:
    def refuse(path: Path) -> None:
        raise FilmError("it is not a PNG, JPEG, WebP, TIFF, BMP or DICOM film at all")

    dashboard.backend = replace(dashboard.backend, open_film=refuse)  # type: ignore[arg-type]
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
        await pilot.press("v", "v", "n")  # the film alone; there are no results to step through
        await shows(pilot, "─ normal-1.JPG ─")
        await pilot.press("p", "escape")
        await shows(pilot, "─ covid-1.png ─", "□ notes.txt")
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
    asked: list[int] = []

    def refuse(*arguments: Any, refuse: bool) -> Iterator[Answer]:
        asked.append(1)
        if len(asked) == 1:
            raise CheckpointError("The checkpoint of run done is torn; train it again.")
        yield from classify(*arguments)

    dashboard.backend = replace(dashboard.backend, classify=refuse)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("down", "down", "c")
        await shows(pilot, "✗ The checkpoint of run done is torn")
        await pilot.press("r")  # the next try
        await shows(pilot, "1 film in")


async def test_the_films_of_the_run_are_shown_where_no_folder_was_looked_at_before(
    dashboard: Dashboard, films: Path
) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "done", logs.finished("done"), state=True)
    save_config(run, resolve({"data.source": str(films)}))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await dashboard.push_screen(ClassifyScreen(run))
        await shows(pilot, "covid-1.png")
        await dashboard.pop_screen()
        await dashboard.push_screen(ClassifyScreen(run, films / "more"))
        await shows(pilot, "▾ more")


async def test_leaving_gives_up(dashboard: Dashboard, films: Path) -> None:
    seen: list[int] = []

    def endless(*arguments: object, refuse: bool) -> Iterator[Answer]:
        while len(seen) < 10_000:
            seen.append(1)
            time.sleep(0.01)
            yield Answer("a.png", False, error="no")

    dashboard.backend = replace(dashboard.backend, classify=endless)
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await open_classify(dashboard, films, pilot)
        await pilot.press("down", "down", "c")
        await until(pilot, lambda: len(seen) > 3)
        await pilot.press("escape")
        await pilot.pause(0.1)
        count = len(seen)
        await pilot.pause(0.1)
        assert len(seen) <= count + 1


def classes(folder: Path) -> Path:
    """Put films into class folders, of which the fake classifier gets one wrong and cannot read one."""
    for name in ("COVID-19/covid-1.png", "COVID-19/torn.png", "COVID-19/x.png", "No_findings/normal-1.png"):
        path = folder / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder / "set"


async def open_on(dashboard: Dashboard, root: Path, pilot, *names: str) -> ClassifyScreen:  # type: ignore[no-untyped-def]
    runs = [logs.write(dashboard.workspace.checkpoints, name, logs.finished(name), state=True) for name in names]
    screen = ClassifyScreen(runs[0], root)
    await dashboard.push_screen(screen)
    await shows(pilot, names[0], "space selects")
    await pilot.press("slash", *"png")
    await shows(pilot, "found")
    await pilot.press("enter", "a", "c")
    return screen


async def test_results_are_compared_with_the_class_folders_sorted_and_filtered(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    async with dashboard.run_test(size=(120, 30)) as pilot:
        screen = await open_on(dashboard, classes(tmp_path), pilot, "done")
        await shows(pilot, "4 films: 1 positive, 2 negative, 1 not classified", "3 of known class: 2")
        await shows(pilot, "✓ right", "✗ wrong, true COVID-19", "sensitivity 1/2 (50.0 %)", "specificity 1/1")
        await pilot.press("v", "o")
        await shows(pilot, "by probability ↓")
        assert screen.results.under_cursor is not None
        assert screen.results.under_cursor.path.name == "covid-1.png"
        await pilot.press("n")
        await shows(pilot, "x.png")
        assert screen.film_box.path is not None
        assert screen.film_box.path.name == "x.png"  # as probable as the next one, and earlier
        await pilot.press("O")
        await shows(pilot, "by probability ↑")
        assert screen.results.under_cursor.path.name == "x.png"  # the cursor stays on its film
        await pilot.press("f", "f")
        await shows(pilot, "only wrong: 1")
        await pilot.press("v")
        await shows(pilot, "▽ No_findings · COVID-19 20.0 % < 0.50 · ✗ wrong, true COVID-19", "48×64")
        await pilot.press("plus", "left_square_bracket")
        await shows(pilot, "×1.5 · window 204")
        await pilot.press("0", "escape")
        await shows(pilot, "found")


async def test_another_model_keeps_the_results_marked_and_classifies_again(
    dashboard: Dashboard, tmp_path: Path
) -> None:
    async with dashboard.run_test(size=(120, 30)) as pilot:
        screen = await open_on(dashboard, classes(tmp_path), pilot, "done", "second-run", "third")
        await shows(pilot, "4 films in")
        await pilot.press("m", *"second")
        await shows(pilot, "Which model? 3 can classify")
        await pilot.press("enter")
        await shows(pilot, "results of done, an earlier model", "r classifies the 4 films again", "4 selected")
        await pilot.press("r")
        await shows(pilot, "4 films in")
        assert screen.results.outcomes.model == "second-run"
        assert not screen.results.earlier


async def test_cancelling_keeps_what_is_done_and_what_came_is_classified(dashboard: Dashboard, tmp_path: Path) -> None:
    gate = threading.Event()

    def slow(
        target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled, *, refuse: bool
    ) -> Iterator[Answer]:
        for place, item in enumerate(classify(target, paths, never_cancelled)):
            if place == 2:
                gate.wait(30)
            yield item

    dashboard.backend = replace(dashboard.backend, classify=slow)
    folder = classes(tmp_path)
    async with dashboard.run_test(size=(100, 30)) as pilot:
        screen = await open_on(dashboard, folder, pilot, "done")
        await shows(pilot, "2 of 4 films · ", "2 films:")
        await pilot.press("c")
        await shows(pilot, "still at work")
        await pilot.press("escape", "escape")
        gate.set()
        await shows(pilot, "cancelled after 3 of 4 films; their results stay")
        assert dashboard.screen is screen
        screen.browser.open(folder / "No_findings")
        await pilot.press("w")
        await shows(pilot, "watching")
        await until(pilot, lambda: screen._watched.at_work)
        await pilot.pause(1.2)
        (folder / "No_findings" / "covid-new.png").write_bytes(b"x")
        await shows(pilot, "4 films:", "vid-new.png")
        await pilot.press("w")
        await shows(pilot, "no folder is watched any more")


async def test_a_model_of_phantoms_is_not_believed_on_other_films(dashboard: Dashboard, tmp_path: Path) -> None:
    about = TrainedOn("phantoms", {"negative": 70, "positive": 70}, 60, 140)
    dashboard.backend = replace(dashboard.backend, trained_on=lambda target: about)
    async with dashboard.run_test(size=(60, 18)) as pilot:
        await open_on(dashboard, classes(tmp_path), pilot, "done")
        await shows(pilot, "trained on 140 s", "! This model was trained on synthetic films", "mean nothing")
        await shows(pilot, "▲ COVID-19 90.0 % · ✓ · covid")  # in the title, where there is no line for it
        assert "Research use only, not for diagnosis." in text_of(pilot)


async def test_results_are_saved_and_nothing_is_replaced_unasked(
    dashboard: Dashboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with dashboard.run_test(size=(100, 30)) as pilot:
        screen = await open_on(dashboard, classes(tmp_path), pilot, "done")
        await shows(pilot, "4 films in")
        await pilot.press("s")
        await shows(pilot, "Save 4 results as", "done-results.csv")
        await pilot.press("enter")
        await shows(pilot, "saved 4 results in")
        rows = [one.item for one in screen.results.outcomes.all]
        file = tmp_path / "done-results.csv"
        assert file.read_text() == "".join(lines(rows, "csv"))
        file.write_text("mine")
        await pilot.press("s", "enter")
        await shows(pilot, "is there already; enter again replaces it")
        assert file.read_text() == "mine"
        await pilot.press("enter")
        await shows(pilot, "saved 4 results in")
        assert file.read_text() != "mine"
        await pilot.press("s", *["backspace"] * 3, *"txt", "enter")
        await shows(pilot, "must end in .csv or .json")
        await pilot.press(*["backspace"] * 3, *"json", "enter")
        await shows(pilot, "saved 4 results in")
        assert [json.loads(line)["ok"] for line in (tmp_path / "done-results.json").read_text().splitlines()] == [
            True,
            False,
            True,
            True,
        ]
        await pilot.press("s", "ctrl+u")
        await paste(pilot, str(tmp_path / "gone" / "a.csv"))
        await pilot.press("enter")
        await shows(pilot, "cannot write")
        await pilot.press("escape")
        await shows(pilot, "4 films:")
