"""What the data picker says of the folder under the cursor, and the report in the words of the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Conclusion, Section
from cxrtui.errors import DataError
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
from cxrtui.tui.inspect.glance import may_hold_films, summary_of, worded
from cxrtui.tui.routes import OpenData
from cxrtui.tui.surveys import Survey
from tests.tui.screen_text import shows, text_of, until


def test_a_summary_has_layout_films_patients_and_classes() -> None:
    survey = Survey("/films/nih", {"COVID-19": 124, "Normal": 1000}, layout="nih", patients=842)
    assert summary_of(survey, "i", lines=False) == (
        "nih: 1,124 films · 842 patients · nih · COVID-19 124, Normal 1,000"
    )
    assert summary_of(survey, "i", lines=True).splitlines() == [
        "nih", "1,124 films · 842 patients · nih", "", "  COVID-19 124", "  Normal 1,000", "", "i reports on all of it",
    ]  # fmt: skip
    many = Survey("x", {f"finding {number}": 1 for number in range(20)})
    assert "and 12 more" in summary_of(many, "i", lines=True)
    wrong = Survey("x", error="No films; check --data.")
    assert summary_of(wrong, "i", lines=False) == "x: ✗ No films; check the path."


def test_only_folders_and_tables_are_counted(tmp_path: Path) -> None:
    assert may_hold_films(tmp_path)
    assert may_hold_films(tmp_path / "films.csv")
    assert not may_hold_films(tmp_path / "film.png")


def test_a_report_names_fields_and_no_options() -> None:
    sections = (
        Section(
            "rule", "counted as", {"COVID-19": 1}, ["as set; --set data.positive=… --set data.negative=… change it"]
        ),
        Section("left_out", "left out", {"a film of an earlier --data too": 3}),
        Section("verdict", "verdict", conclusion=Conclusion(False, "name tells them apart; Join it with --data MORE")),
    )
    report = worded(Report("x", "nih", 1, None, sections))
    assert report.section("rule").notes == ["as set; the fields Positive and Negative of the form change it"]
    assert report.section("left_out").counts == {"a film of an earlier path too": 3}
    conclusion = report.section("verdict").conclusion
    assert conclusion is not None
    assert conclusion.text == "name tells them apart; Join it with more films: their path, behind a comma"


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_folder_under_the_cursor_is_counted_and_a_move_cancels(
    dashboard: Dashboard, backend: Backend, tmp_path: Path, size: tuple[int, int]
) -> None:
    for name in ("covid", "slow", "wrong"):
        (tmp_path / "films" / name).mkdir(parents=True)
    begun, cancelled = threading.Event(), threading.Event()

    def survey(path: Path, on_progress: Callable[[str, int, int], None]) -> Collection:
        if path.name == "wrong":
            raise DataError("Nothing here; say it, with --set data.positive=CLASS --set data.negative=CLASS")
        if path.name == "slow":
            begun.set()
            try:
                while True:
                    on_progress("reading folder", 32, 0)
            finally:
                cancelled.set()
        return Collection(films=(), root=path, layout="class-folders", found={"COVID-19": 124})

    dashboard.backend = replace(backend, survey=survey)
    async with dashboard.run_test(size=size) as pilot:
        dashboard.open(OpenData())
        await shows(pilot, "folders")
        tree = dashboard.screen.query_one("#data-tree")
        tree.path = tmp_path / "films"  # type: ignore[attr-defined]
        await shows(pilot, "covid", "slow", "wrong")
        await pilot.press("down", "down")
        await shows(pilot, "124 films", "class-folders", "COVID-19 124")
        await pilot.press("down")
        await until(pilot, begun.is_set)
        await shows(pilot, "counting the films of slow…")
        await pilot.press("down")
        await until(pilot, cancelled.is_set)
        await shows(pilot, "✗ Nothing here; say it, with the fields Positive and")
        assert "124 films" not in text_of(pilot)
