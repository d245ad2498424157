"""The Weights screen over the real shelf and the real fetch, from a hub on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants
from textual.pilot import Pilot
from textual.widgets import Input

from cxrtui.files import sha256
from cxrtui.tui.app import Dashboard
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.questions import Notice
from cxrtui.tui.weights.job_line import Pace
from cxrtui.tui.weights.places import clean
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.weights import hub, shelf, shelving
from cxrtui.weights.port import PortOptions
from tests.tui.screen_text import shows, text_of, until
from tests.weights import torchvision_file
from tests.weights.loopback_hub import Hub, publish, serving

pytestmark = pytest.mark.slow

REVISION = "0123456789abcdef0123456789abcdef01234567"
PATH = f"/lab/resnet/resolve/{REVISION}/model.safetensors"
NARROW = PortOptions(width=4, stages=(1, 1, 1, 1), licence="MIT")
TENSORS = torchvision_file.torchvision_tensors(4, (1, 1, 1, 1))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return torchvision_file.saved(TENSORS, tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def _ported(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shelving.port(file, tmp_path_factory.mktemp("workspace") / "models", "mine", NARROW)[0]


@pytest.fixture
def models(_ported: Path, dashboard: Dashboard) -> Path:
    """A shelf with one network, `mine`."""
    folder = dashboard.workspace.models / "mine"
    folder.mkdir(parents=True)
    for item in _ported.iterdir():
        (folder / item.name).write_bytes(item.read_bytes())
    return folder.parent


@pytest.fixture(autouse=True)
def server(file: Path, _ported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the file as the published weights `imagenet`; JAX is imported by then."""
    publish(tmp_path / "catalogue", monkeypatch, published(sha256(file)))
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    with serving(**{PATH: file.read_bytes()}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def published(sum_: str) -> hub.Published:
    return hub.Published("imagenet", "for tests", "lab/resnet", REVISION, "model.safetensors", "MIT", "torchvision",
                         sum_, width=4, stages=(1, 1, 1, 1))  # fmt: skip


async def opened(pilot: Pilot[int], *texts: str) -> None:
    await pilot.press("w")
    await shows(pilot, "Weights", *texts)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_shelf_and_what_could_be_on_it(dashboard: Dashboard, models: Path, size: tuple[int, int]) -> None:
    (models / "broken").mkdir()
    (models / "broken" / shelf.MANIFEST).write_text("no toml [")
    async with dashboard.run_test(size=size) as pilot:
        await opened(pilot, "✗ damaged", "✔ here", "○ not here", "MIT", "torchvision", "Research use only")
        await shows(pilot, "─ broken ─", "why  ", "d Remove", "broken cannot be used")
        await pilot.press("down")
        await shows(
            pilot,
            "─ mine ─",
            "ResNet v1.5, width 4, stages of 1,1,1,1 blocks",
            "3 channels, RGB: (pixels",
            "resnet.safetensors",
        )
        assert "f Fetch" not in text_of(pilot)
        await pilot.press("tab", "end")
        await shows(pilot, " • licence: MIT", "--init mine", "SHA-256 of weights.safetensors")  # the card
        assert r"\x0a" not in text_of(pilot)
        await pilot.press("shift+tab", "down")
        await shows(pilot, "─ imagenet ─", "lab/resnet/model.safetensors", REVISION, "for tests", "f Fetch")
        assert "d Remove" not in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(dashboard.screen, LaunchScreen))  # a run fetches what it begins with
        assert isinstance(form := dashboard.screen, LaunchScreen)
        assert form.values["model.init"] == "imagenet"
        await pilot.press("escape")
        await shows(pilot, "No runs yet")


async def test_what_cannot_be_fetched_is_not_chosen(
    dashboard: Dashboard, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here", "○ not here")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        await pilot.press("down", "enter")
        await shows(pilot, "✗ imagenet is not here: f fetches it")


async def test_the_name_goes_into_the_form(dashboard: Dashboard, models: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        await shows(pilot, "f3 Weights", "not here yet: fetched")
        form = dashboard.screen
        assert isinstance(form, LaunchScreen)
        field = next(item for item in form.query(Input) if item.name == "model.init")
        field.focus()
        field.value = "imagenet"
        await shows(pilot, "not here yet: fetched")
        await pilot.press("f3")
        await shows(pilot, "─ imagenet ─", "⏎ Use")  # the cursor is on what the form names
        await pilot.press("up", "enter")
        await until(pilot, lambda: dashboard.screen is form)
        assert field.value == "mine"
        await shows(pilot, "from the shelf")
        field.value = "mi"
        await until(pilot, lambda: field._suggestion == "mine")
        shelving.remove(models, "mine")
        await pilot.press("f3")
        await shows(pilot, "○ not here")
        await pilot.press("escape")
        await until(pilot, lambda: dashboard.screen is form)
        field.value = "mine"
        await shows(pilot, "✗ no such file, and no such")


async def test_from_the_runs_it_opens_the_form(dashboard: Dashboard, models: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("enter")
        await shows(pilot, "New run", "from the shelf")
        assert isinstance(dashboard.screen, LaunchScreen)
        assert dashboard.screen.values["model.init"] == "mine"


async def test_a_fetch_cancelled_goes_on_later(dashboard: Dashboard, server: Hub, tmp_path: Path) -> None:
    models = tmp_path / "models"
    server.mishaps = ["drip"]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "imagenet is not here")
        await pilot.press("f")
        await shows(pilot, "↓ imagenet", "/s", "left", " %", "esc cancels")
        for key in "pf":  # nothing else begins
            await pilot.press("r", key)
            await shows(pilot, "Still fetching imagenet; esc cancels that")
        await pilot.press("escape")
        await shows(pilot, "not fetched: cancelled", "are kept", "◐ partly here")
        assert isinstance(dashboard.screen, WeightsScreen)
        kept = hub.partial_file(hub.catalogue()["imagenet"], models).stat().st_size
        assert 0 < kept < len(server.files[PATH])
        await pilot.press("f")
        await shows(pilot, "✔ imagenet is on the shelf, and is what was published", "✔ here")
        assert server.ranges == ["", f"bytes={kept}-"]
        assert [item.name for item in models.iterdir()] == ["imagenet"]
        assert shelf.verify(models / "imagenet").revision == REVISION


async def test_what_came_of_a_fetch_can_be_removed(dashboard: Dashboard, server: Hub, tmp_path: Path) -> None:
    server.mishaps = ["hold 40960", *["silent"] * 9]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "imagenet is not here")
        await pilot.press("f")
        await shows(pilot, "41.0 of")
        await pilot.press("escape")
        await shows(pilot, "cancelled; 41.0 kB are kept", "d Remove")
        await pilot.press("d")
        await shows(pilot, "Remove what came of imagenet?")
        await pilot.press("y")
        await shows(pilot, "✔ imagenet is removed", "○ not here")
        assert list((tmp_path / "models").iterdir()) == []


async def test_leaving_while_the_hub_is_silent(dashboard: Dashboard, server: Hub) -> None:
    server.mishaps = ["silent"]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "imagenet is not here")
        await pilot.press("f")
        await shows(pilot, "asking the hub…")
        await until(pilot, lambda: server.requests)
        await pilot.press("escape", "escape")
        await shows(pilot, "No runs yet")
        await opened(pilot, "not fetched: cancelled", "○ not here")


@pytest.mark.parametrize("fails", [False, True])
async def test_a_fetch_that_ends_elsewhere_is_told_there(
    dashboard: Dashboard, models: Path, server: Hub, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 60)  # it goes on when the hub does, and not before
    server.mishaps = ["hold 4096 60", *["status 404"] * fails]
    async with dashboard.run_test(size=(100, 30), notifications=True) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("down", "f")
        await shows(pilot, "↓ imagenet")
        await pilot.press("up", "enter")  # to the form, with other weights
        await shows(pilot, "New run", "from the shelf")
        assert isinstance(dashboard.screen, LaunchScreen)
        dashboard.screen.fill({"model.init": "imagenet"})
        await shows(pilot, "not here yet: fetched")
        server.going.set()
        if fails:
            await shows(pilot, "Not fetched: imagenet. The Weights screen", "not here yet: fetched")
            await pilot.press("f3")
            await shows(pilot, "has no lab/resnet/model")
        else:
            await shows(pilot, "imagenet is on the shelf, and is", "from the shelf")


@pytest.mark.parametrize("fault", ["sum", "404", "no network"])
async def test_why_it_could_not_be_fetched(
    dashboard: Dashboard, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    words = "is not the published one", "damaged or changed on the way"
    if fault == "sum":
        publish(dashboard.workspace.root / "catalogue", monkeypatch, published("0" * 64))
    elif fault == "404":
        server.mishaps, words = ["status 404"], ("has no lab/resnet/model", "mirror")
    taken = socket.socket()
    with taken:
        if fault == "no network":
            taken.bind(("127.0.0.1", 0))
            monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
            words = "cannot be reached from this machine", "carry the file here", "on the shelf (p) as imagenet"
        async with dashboard.run_test(size=(80, 24)) as pilot:
            await opened(pilot, "imagenet is not here")
            await pilot.press("f")
            await shows(pilot, "Not fetched: imagenet", "Close")
            told = " ".join(text_of(pilot).replace("│", " ").split())
            assert all(word in told for word in words), told
            await pilot.press("enter")
            await shows(pilot, "✗ not fetched", "○ not here")
    models = tmp_path / "models"
    assert not (models / "imagenet").exists()
    assert not any(item.is_file() for item in models.rglob("*") if fault == "sum")


async def test_quitting_does_not_wait_for_a_fetch(dashboard: Dashboard, server: Hub, tmp_path: Path) -> None:
    server.mishaps = ["hold 40960", *["silent"] * 9]
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "imagenet is not here")
        await pilot.press("f")
        await shows(pilot, "41.0 of")
        await pilot.press("q")
        await until(pilot, lambda: not dashboard.is_running)
    for _ in range(500):
        if dashboard.jobs.active:
            time.sleep(0.01)
    assert not dashboard.jobs.active  # the thread was told
    assert [item.name for item in (tmp_path / "models").iterdir()] == [".fetch"]
    assert dashboard.return_value == 0


async def test_a_damaged_folder_is_found_and_fetched_again(dashboard: Dashboard, models: Path, server: Hub) -> None:
    (models / "mine").rename(models / "imagenet")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("c")
        await shows(pilot, "✔ checked: sound", "✔ sound")
        with (models / "imagenet" / shelf.WEIGHTS).open("r+b") as weights:
            weights.seek(-1, 2)
            weights.write(b"\xff")
        await pilot.press("r")
        await shows(pilot, "✔ here")
        await pilot.press("c")
        await shows(pilot, "✗ all damaged", "✗ damaged", "has changed since")
        await pilot.press("r", "f")  # what was found stays found
        await shows(pilot, "Fetch imagenet again?")
        await pilot.press("n")
        await shows(pilot, "✗ damaged")
        assert server.requests == []
        await pilot.press("f")
        await shows(pilot, "Fetch imagenet again?")
        await pilot.press("f")
        await shows(pilot, "✔ imagenet is on the shelf", "✔ here")
    assert shelf.verify(models / "imagenet")


async def test_a_file_is_ported(dashboard: Dashboard, models: Path, tmp_path: Path, file: Path) -> None:
    mine = tmp_path / "my weights.safetensors"
    mine.write_bytes(file.read_bytes())
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("p")
        await shows(pilot, "port a file", "say which file")
        field = dashboard.screen.query(Input).first()
        field.value = f"{tmp_path}/my"
        await pilot.press("end")
        await until(pilot, lambda: field._suggestion)
        await pilot.press("right")
        await shows(pilot, "my-weights", "the format is detected")
        await pilot.press("enter", *"-2", "enter", *"MIT", "enter")
        await shows(pilot, "✔ my-weights-2 is on the shelf: 87 tensors with torchvision's keys", "─ my-weights-2 ─")
        assert shelf.verify(models / "my-weights-2").licence == "MIT"
        await pilot.press("p")
        await shows(pilot, "port a file")
        field, name, *_ = dashboard.screen.query(Input)
        field.value, name.value = str(mine), "../up"
        await shows(pilot, "A shelf name holds letters")
        name.value = "mine"
        await pilot.press("ctrl+s")
        await shows(pilot, "Replace mine?")
        await pilot.press("escape")
        await until(pilot, lambda: "Replace" not in text_of(pilot))
        assert shelf.verify(models / "mine").source == "resnet.safetensors"


async def test_what_a_file_does_not_tell_is_asked(
    dashboard: Dashboard, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = {**TENSORS, "conv1.weight": TENSORS["conv1.weight"][:, :1].copy()}
    path = torchvision_file.saved(grey, tmp_path)
    publish(tmp_path / "catalogue", monkeypatch, replace(published(sha256(path)), name="narrow"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("p")
        await shows(pilot, "port a file", "Range", "Prefix", "Copy")
        dashboard.screen.query(Input).first().value = str(path)
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "Not ported: resnet", "network for one channel", "on the shelf (p)")
        await pilot.press("enter", "p")
        await shows(pilot, "port a file", str(path)[:30])
        field = next(item for item in dashboard.screen.query(Input) if item.name == "range")
        field.value = "grey"
        await shows(pilot, "✗ The range of one-channel input must be")
        field.value = "-1024:1024"
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "✔ resnet is on the shelf")
    assert shelf.verify(models / "resnet").taken.endswith("its range -1024:1024 as was said")


async def test_every_misfit_can_be_read(
    dashboard: Dashboard, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = {key: value for key, value in TENSORS.items() if not key.startswith("layer1.")}
    misfit = torchvision_file.saved({**lacking, "zebra.weight": TENSORS["bn1.weight"]}, tmp_path)
    publish(tmp_path / "catalogue", monkeypatch, replace(published(sha256(misfit)), name="narrow"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        await pilot.press("p")
        await shows(pilot, "port a file")
        dashboard.screen.query(Input).first().value = str(misfit)
        await pilot.pause()
        await pilot.press("ctrl+s")
        await shows(pilot, "Not ported: resnet", "does not fit this ResNet", "layer1.0.bn1.bias", "and 10 more")
        assert isinstance(dashboard.screen, Notice)
        assert "zebra" not in text_of(pilot)  # beside the network there may be anything
        await pilot.press("enter")
        await shows(pilot, "✗ not ported")
        await pilot.press("p")
        await shows(pilot, str(misfit)[:30])  # to be put right, not typed anew
    assert [item.name for item in models.iterdir()] == ["mine"]


async def test_remove_asks(dashboard: Dashboard, models: Path) -> None:
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "✔ here")
        for no in ("n", "escape", "enter"):  # the harmless answer has the focus
            await pilot.press("d")
            await shows(pilot, "Remove mine?", str(models / "mine")[:40], "only that file brings it back")
            await pilot.press(no)
            await until(pilot, lambda: "Remove mine?" not in text_of(pilot))
            assert shelf.verify(models / "mine")
        await pilot.press("d")
        await shows(pilot, "Remove mine?")
        await pilot.press("y")
        await shows(pilot, "✔ mine is removed", "○ not here")
        assert list(models.iterdir()) == []


def test_the_screen_lists_without_jax(models: Path) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from cxrtui.tui.app import Dashboard\nfrom cxrtui.workspace import Workspace\n"
        "async def main():\n"
        "    app = Dashboard(Workspace(pathlib.Path(sys.argv[1])))\n"
        "    async with app.run_test(size=(80, 24)) as pilot:\n"
        "        await pilot.press('w')\n"
        "        while not app.screen.query('#shelf') or not app.screen.query_one('#shelf').row_count:\n"
        "            await pilot.pause(0.01)\n"
        "asyncio.run(main())\n"
        "sys.exit(any(name in sys.modules for name in ('jax', 'flax', 'huggingface_hub.hf_api')))\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(models.parent)], check=False, timeout=60).returncode == 0


def test_what_is_told_has_its_lines_and_nothing_for_the_terminal() -> None:
    assert clean("one\n\ntwo\r\x1b[2J \u202ex \udcff[red]") == "one\n\ntwo\\x0d\\x1b[2J \\u202ex \\xff[red]"


async def test_a_folder_that_is_called_like_markup(dashboard: Dashboard, models: Path) -> None:
    (models / "mine").rename(models / "[red]mine")
    async with dashboard.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "─ [red]mine ─", "✔ here")
        await pilot.press("d")
        await shows(pilot, "Remove [red]mine?")
        await pilot.press("y")
        await shows(pilot, "Not removed: [red]mine")


def test_the_pace_is_of_the_last_seconds() -> None:
    pace = Pace()
    for second in range(20):
        pace.see(1_000_000 + 100 * second, float(second))
    assert pace.rate(19.0) == pytest.approx(100)
    assert pace.silent(24.0) == 5.0
    pace.see(0, 25.0)  # begun again
    assert pace.rate(25.0) == 0.0
