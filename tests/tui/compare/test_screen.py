"""The Compare screen, on recorded runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets._footer import FooterKey

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.tui.app import Dashboard
from cxrtui.tui.compare.screen import CompareScreen
from cxrtui.tui.compare.tables import ResultsTable, SettingsTable
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.questions import Notice
from cxrtui.tui.routes import OpenCompare
from cxrtui.tui.widgets.charts.chart import Chart
from tests.tui import compared, logs
from tests.tui.screen_text import shows, text_of, until

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    folder = tmp_path / "others"
    return (
        compared.write(folder, "first"),
        compared.write(folder, "second", 0.9, optim__name="sgd"),
        compared.write(folder, "third", 1.2, model__unfreeze={"3": "stage4"}),
    )


async def opened(pilot: Pilot[int], runs: tuple[Run, ...]) -> CompareScreen:
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.open(OpenCompare(runs))
    await until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen.comparison is not None)
    assert isinstance(app.screen, CompareScreen)
    return app.screen


def labels(screen: CompareScreen) -> list[tuple[str, str]]:
    """Label and colour of each curve that the legend names."""
    lines = screen.query_one(Chart)._lines
    return [(line.label, line.style) for line in lines if line.label]


async def test_curves_results_and_what_differs(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    async with dashboard.run_test(size=(200, 50)) as pilot:
        screen = await opened(pilot, runs)
        await shows(
            pilot, "Compare · 3 runs", "validation loss", "● first", "◆ second", "▲ third", "results on the tes"
        )
        await shows(pilot, "optim.name", "• sgd", "• 3:stage4", "(empty)", "◆ minus ●", " pp", "✔ finished 12/30")
        assert screen.comparison is not None
        result = screen.comparison.results["test"][0]
        assert result is not None
        accuracy = result.values["accuracy"]
        await shows(pilot, f"{100 * accuracy.estimate.value:.1f} % {accuracy.count}/93")
        await pilot.press("s")
        await shows(pilot, "results on the validation films", "/94")
        await pilot.press("w")
        await shows(pilot, "best epoch was chosen on these films")
        assert isinstance(dashboard.screen, Notice)


async def test_a_run_that_is_left_out_leaves_the_others_their_markers(
    dashboard: Dashboard, runs: tuple[Run, ...]
) -> None:
    async with dashboard.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, runs)
        await shows(pilot, "▲ minus ●")
        before = labels(screen)
        await pilot.press("x")  # the reference
        await until(pilot, lambda: screen.comparison is not None and len(screen.comparison.runs) == 2)
        await shows(pilot, "▲ minus ◆")
        assert labels(screen) == before[1:]
        assert "● first" not in text_of(pilot)
        await pilot.press("x")
        assert len(screen.runs) == 2


async def test_another_reference_turns_the_differences(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    async with dashboard.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, runs)
        await shows(pilot, "◆ minus ●")
        await pilot.press("down", "f")
        await shows(pilot, "● minus ◆", "▲ minus ◆", "• adamw")
        assert screen.reference == runs[1]
        assert screen.query_one(ResultsTable).chosen == runs[1]


async def test_enter_opens_the_run_and_escape_comes_back(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, runs)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(dashboard.screen, MonitorScreen))
        await shows(pilot, "Monitor · second")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is screen)
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is not screen)


async def test_a_live_run_grows_and_is_compared_once_it_ends(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    live = logs.write(runs[0].folder.parent, "live", logs.trained(3, run="live"))
    lock = live.acquire()
    try:
        async with dashboard.run_test(size=(120, 40)) as pilot:
            screen = await opened(pilot, (runs[0], live))
            await shows(pilot, "▶ validating 3/30")
            chart = screen.query_one(Chart)
            assert len(chart._lines[1].x) == 3
            for event in logs.trained(4, run="live")[len(logs.trained(3, run="live")) :]:
                live.append(event)
            await until(pilot, lambda: len(chart._lines[1].x) == 4)
            await shows(pilot, "validating 4/30")
            live.append(compared.evaluated("test", 1.0, logs.START + 900))
            compared.write_rows(live, "test", compared.rows_of("test", 1.0))
            live.append(ev.Stopped(reason="epochs", step=96, epoch=4, time=logs.START + 901))
            await until(pilot, lambda: "✔ finished 4/30" in text_of(pilot))
            await until(pilot, lambda: text_of(pilot).count("/93") == 2)
            await shows(pilot, "◆ minus ●", "of 93 differ")
    finally:
        lock.release()


async def test_keys_of_the_chart_work_and_training_is_behind(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, runs)
        chart = screen.query_one(Chart)
        assert len(chart._lines) == 3
        await pilot.press("t")
        assert [bool(line.label) for line in chart._lines] == [False, True] * 3
        assert all(line.behind for line in chart._lines if not line.label)
        await pilot.press("m")
        await shows(pilot, "validation accuracy")
        await pilot.press("m", "m", "m", "m")
        await shows(pilot, "learning rate")
        assert len(chart._lines) == 3
        await pilot.press("e", "l", "d")
        assert (chart.options.epochs, chart.options.log, chart.options.mode) == (False, True, "block")
        assert chart._lines[0].x[-1] == 12 * logs.STEPS


async def test_one_part_at_a_time_on_a_small_screen(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    async with dashboard.run_test(size=(60, 18)) as pilot:
        screen = await opened(pilot, runs)
        chart, results, settings = (screen.query_one(kind) for kind in (Chart, ResultsTable, SettingsTable))

        def heights() -> list[bool]:
            return [part.region.height > 4 for part in (chart, results, settings)]

        def offers(label: str) -> bool:
            return any(label in item.render().plain for item in screen.query(FooterKey))

        await until(pilot, lambda: heights() == [True, False, False] and not offers("Leave out"))
        await pilot.press("v")
        await until(pilot, lambda: heights() == [False, True, False] and offers("Leave out"))
        await shows(pilot, "? Help", "q Quit", "AUROC")
        assert "specificity" not in text_of(pilot)
        await pilot.press(*["right"] * 40)
        await shows(pilot, "specificity", "● first")
        await pilot.press("v")
        await until(pilot, lambda: heights() == [False, False, True] and not offers("Leave out"))
        await shows(pilot, "• sgd", "EPOCH:GROUP")
        await pilot.press("down")
        await shows(pilot, "optimizer")
        await pilot.press("v")
        await until(pilot, lambda: heights() == [True, False, False])


async def test_what_is_missing_is_said_and_the_rest_is_shown(dashboard: Dashboard, runs: tuple[Run, ...]) -> None:
    (runs[1].evaluation / "test.csv").unlink()
    broken = logs.write(runs[0].folder.parent, "broken", [])
    broken.events_file.unlink()
    broken.events_file.mkdir()
    async with dashboard.run_test(size=(120, 40)) as pilot:
        await opened(pilot, (*runs, broken))
        await shows(pilot, "! broken: ", "no rows", "* from counts alone", "]*", "w: all")
        await pilot.press("w")
        await shows(pilot, "second: evaluation/test.csv is missing")
