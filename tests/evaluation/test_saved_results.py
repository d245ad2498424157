"""What the dashboard saves is what the command prints, byte for byte."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.cli import main
from cxrtui.runs.folder import Run
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.workspace import Workspace
from tests.tui.screen_text import shows

pytestmark = pytest.mark.slow


@pytest.fixture
def printed(
    trained: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str]]:
    """Return stdout and stderr of ``cxrtui classify``."""

    def call(*arguments: object) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["cxrtui", "classify", str(trained.folder), *map(str, arguments)])
        with pytest.raises(SystemExit):
            main()
        return capsys.readouterr()

    return call


async def test_saved_results_are_what_the_command_prints(
    trained: Run, phantom_films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    printed: Callable[..., tuple[str, str]],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "films" / "positive"
    folder.mkdir(parents=True)
    for film in sorted((phantom_films / "positive").glob("*.png"))[:11]:
        (folder / film.name).symlink_to(film)
    (folder / "=odd, “name”.png").write_bytes(b"no image")
    app = Dashboard(Workspace(trained.folder.parent.parent))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = ClassifyScreen(trained, folder)
        await app.push_screen(screen)
        await shows(pilot, "space selects", "phantom_")
        await pilot.press("a", "c")
        await shows(pilot, "12 films in", "11 of known", "trained on")
        await pilot.press("o", "f", "s", "enter")  # order and filter of the screen do not matter
        await shows(pilot, "saved 12 results")
        await pilot.press("s", *["backspace"] * 3, *"json", "enter")
        await shows(pilot, "trained-results.json")
        paths = screen.browser.chosen
    csv, notes = printed("--csv", *paths)
    assert (tmp_path / "trained-results.csv").read_bytes() == csv.encode()
    assert "trained on" in notes
    assert "mean nothing" in notes  # one of the files is no phantom
    assert (tmp_path / "trained-results.json").read_bytes() == printed("--json", *paths)[0].encode()
    assert "mean nothing" not in printed(*paths[1:3])[1]
