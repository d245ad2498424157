"""A run that is resumed in the dashboard and does not find its films."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.errors import OtherFilmsError
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, with_values
from cxrtui.tui.app import Dashboard
from tests.tui import logs
from tests.tui.conftest import FakeDrive
from tests.tui.screen_text import paste, shows, text_of, until

pytestmark = pytest.mark.slow


def halted(dashboard: Dashboard, *sources: Path) -> Run:
    run = logs.write(dashboard.workspace.checkpoints, "halted", logs.stopped("halted"))
    save_config(run, with_values(Config(), {"data.source": tuple(map(str, sources))}))
    return run


@pytest.mark.parametrize("size", [(60, 18), (80, 24)])
async def test_films_that_have_moved_are_asked_for(
    dashboard: Dashboard, drive: FakeDrive, tmp_path: Path, size: tuple[int, int]
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    halted(dashboard, tmp_path / "old", tmp_path / "other, too")
    async with dashboard.run_test(size=size) as pilot:
        await shows(pilot, "■ stopped")
        await pilot.press("r")
        await shows(pilot, "Where are the films of halted now?", "Its films are not at", "Go on (^s)", "Cancel (esc)")
        await pilot.press("enter", "enter")
        await shows(pilot, "✗ no such file or folder")
        assert not drive.calls  # a path that is not there costs nothing
        await pilot.press("ctrl+u")
        await paste(pilot, str(new))
        await shows(pilot, "The same films, in another place or folder.")
        await pilot.press("enter", "ctrl+u")
        await paste(pilot, str(tmp_path))
        await pilot.press("enter")
        await shows(pilot, "Monitor · halted", "resumed after")
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)
    [(name, config, resumed)] = drive.calls
    assert (name, config.data.source, resumed) == ("halted", (str(new), str(tmp_path)), True)


async def test_a_run_that_found_other_films_asks_again(dashboard: Dashboard, drive: FakeDrive, tmp_path: Path) -> None:
    run = halted(dashboard, tmp_path)
    said = "The films of here are not those that run halted began with: 1 film has other content (a.png)."
    run.append(ev.Failed(error=OtherFilmsError.__name__, message=said, exit_code=3))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "✗ failed", "r asks where they lie now")
        await pilot.press("r")
        await shows(pilot, "Where are the films of halted now?", "(a.png)")
        await pilot.press("escape")
        await until(pilot, lambda: "Where are" not in text_of(pilot))
        assert not drive.calls
        await pilot.press("r")
        await shows(pilot, "Where are the films of halted now?")
        await pilot.press("enter")  # the old ones were brought back
        await shows(pilot, "resumed after")
        dashboard.trainer.signal()
        await until(pilot, lambda: not dashboard.trainer.active)
    assert drive.calls[0][1].data.source == (str(tmp_path),)
