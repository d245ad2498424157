"""Names that act on a terminal, in every field of every screen; with the last door taken out, but for its own test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.color import Color

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Section
from cxrtui.errors import DataError, FilmError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend, OpenedFilm
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.door import Door
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenCompare, OpenData, OpenWeights
from cxrtui.workspace import Workspace
from tests.hostile import FILE, TEXT, acts, write_run
from tests.tui import compared, logs
from tests.tui.conftest import Answer
from tests.tui.screen_text import shows, text_of

pytestmark = pytest.mark.slow

SIZE = (200, 60)


def classify(
    target: object, paths: Sequence[Path], check_cancelled: object, *, refuse: bool = True
) -> Iterator[Answer]:
    for path in paths:
        yield Answer(str(path), False, error=TEXT)
        yield Answer(f"{path}.png", True, TEXT, {f"not {TEXT}": 0.1, TEXT: 0.9})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    place = tmp_path / FILE
    for name in (f"c{FILE}", "damaged"):
        (place / "models" / name).mkdir(parents=True)
    quoted = '"' + "".join(f"\\U{ord(letter):08x}" for letter in TEXT) + '"'
    words = "".join(
        f"{key} = {quoted}\n" for key in ("name", "format", "architecture", "source", "licence", "revision")
    )
    (place / "models" / f"c{FILE}" / "model.toml").write_text(
        f"{words}classes = 2\nchannels = 1\nlabels = [{quoted}]\n[spec]\n"
        f"[normalisation]\nmean = [0.5]\nstd = [0.2]\nscale = 1\norder = {quoted}\n"
    )
    (place / "models" / f"c{FILE}" / "README.md").write_text(f"# {TEXT}\n\n[x](javascript:{TEXT})\n", "utf-8")
    (place / "models" / f"c{FILE}" / "classifier.toml").touch()
    (place / "models" / f"c{FILE}" / "weights.safetensors").touch()
    (place / "models" / "damaged" / "model.toml").write_text(f"name = 5 # {TEXT}")
    (place / "cxrtui.toml").write_text(f"[{quoted}]\n")
    return Workspace(place)


@pytest.fixture
def run(workspace: Workspace) -> Run:
    made = write_run(workspace.checkpoints / f"r{FILE}", [*logs.finished(), *logs.failed()[-1:]])
    (made.state / "1").mkdir(parents=True)
    return made


@pytest.fixture
def dashboard(workspace: Workspace, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Dashboard:
    monkeypatch.setattr(Dashboard, "get_line_filters", App.get_line_filters)
    sections = (
        Section("classes", "findings", {TEXT: 5, "b": 6}, [TEXT]),
        Section("unreadable", "unreadable", {TEXT: 1}, [TEXT], [(FILE, TEXT)]),
    )

    def open_film(path: Path) -> OpenedFilm:
        raise FilmError(TEXT)

    def inspect(text: str, *others: object) -> Report:
        if text == "bad":
            raise DataError(TEXT)
        return Report(text + TEXT, "class-folders", 11, 3, sections, (printable(TEXT),), ("b",))

    def survey(path: Path, on_progress: object) -> Collection:
        return Collection(films=(), root=path, layout="class-folders", found={printable(TEXT): 5, "b": 6})

    return Dashboard(workspace, replace(backend, classify=classify, open_film=open_film,
                                        inspect=inspect, survey=survey))  # fmt: skip


async def test_runs_and_monitor(dashboard: Dashboard, run: Run) -> None:
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        await shows(pilot, "✗ failed", "\\x1b]0;PWN", "[bold red]")
        assert acts(text_of(pilot)) == []
        await pilot.press("enter")
        await shows(pilot, "Traceback:", "patients")
        assert isinstance(dashboard.screen, MonitorScreen)
        assert "[/nope]" in text_of(pilot)
        assert acts(text_of(pilot)) == []


async def test_compare(dashboard: Dashboard, run: Run) -> None:
    other = write_run(run.folder.with_name(f"s{FILE}"), compared.events_of(TEXT, 1.0, {"data.source": [TEXT]}))
    evaluation = other.evaluation / "test.csv"
    evaluation.mkdir(parents=True)
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        dashboard.open(OpenCompare((run, other)))
        await shows(pilot, "data.source", "\\x1b]0;PWN", "95 % intervals")
        assert acts(text_of(pilot)) == []
        await pilot.press("w")
        await shows(pilot, "it is a folder")
        assert acts(text_of(pilot)) == []


async def test_classify(dashboard: Dashboard, run: Run, tmp_path: Path) -> None:
    films = tmp_path / f"f{FILE}"
    films.mkdir()
    (films / f"a{FILE}.png").touch()
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        await dashboard.push_screen(ClassifyScreen(run, films))
        await shows(pilot, "space selects films")
        await pilot.press("a", "c")
        await shows(pilot, "▲ \\x1b", "✗ no result", "[bold red]")
        await pilot.press("down")
        await shows(pilot, "✗ \\x1b")
        assert acts(text_of(pilot)) == []
        await pilot.press("m")
        await shows(pilot, "c\\x1b")
        assert acts(text_of(pilot)) == []


async def test_data_and_the_form(dashboard: Dashboard, tmp_path: Path) -> None:
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        dashboard.open(OpenData(str(tmp_path)))
        await shows(pilot, "11 films", "unreadable", "[bold red]")
        assert acts(text_of(pilot)) == []
        await pilot.press("t")
        await shows(pilot, "is left out", "5 films")
        assert acts(text_of(pilot)) == []
        dashboard.open(OpenData("bad"))
        await shows(pilot, "✗ \\x1b")
        assert acts(text_of(pilot)) == []


async def test_the_shelf_and_a_question(dashboard: Dashboard) -> None:
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        dashboard.open(OpenWeights(f"c{FILE}"))
        await shows(pilot, "damaged", "source", "\\x1b]0;PWN")
        assert acts(text_of(pilot)) == []
        await dashboard.push_screen(Notice(TEXT, f"{TEXT}\n{TEXT}"))
        await shows(pilot, "Close")
        assert acts(text_of(pilot)) == []


def test_what_slips_past_keeps_its_width_and_does_nothing() -> None:
    line = Door().apply([Segment(f"a{TEXT}\u3164b"), Segment("plain")], Color(0, 0, 0))
    assert acts("".join(segment.text for segment in line)) == []
    assert sum(segment.cell_length for segment in line) == Segment(f"a{TEXT}\u3164b").cell_length + 5


async def test_the_door_is_in_the_dashboard(workspace: Workspace, backend: Backend) -> None:
    dashboard = Dashboard(workspace, backend)
    async with dashboard.run_test(size=SIZE, notifications=True) as pilot:
        dashboard.screen.query_one("#no-runs").update(f"hello {TEXT}".replace("[", "("))  # type: ignore[attr-defined]
        await shows(pilot, "hello")
        assert acts(text_of(pilot)) == []
