"""First weights that are not on the shelf come by themselves, from a hub on loopback, told in the run's log."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from cxrtui import runner
from cxrtui.errors import Cancelled, WeightsError, cancelled_when, never_cancelled
from cxrtui.files import sha256
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training.first_weights import bring
from cxrtui.weights import hub, shelf
from tests.weights import torchvision_file
from tests.weights.loopback_hub import Hub, publish, serving

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tensors = torchvision_file.torchvision_tensors(4, (1, 1, 1, 1))
    return torchvision_file.saved(tensors, tmp_path_factory.mktemp("file"))


@pytest.fixture
def server(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a narrow network that is known as imagenet."""
    known = hub.Published("imagenet", "for tests", "lab/resnet", REVISION, "model.safetensors", "MIT", "torchvision",
                      sha256(file), file.stat().st_size, 4, (1, 1, 1, 1))  # fmt: skip
    publish(tmp_path / "catalogue", monkeypatch, known)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serving(**{f"/lab/resnet/resolve/{REVISION}/model.safetensors": file.read_bytes()}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


@pytest.fixture
def wanted(small: Callable[..., Config], tmp_path: Path) -> Config:
    return small(model__init=shelf.resolve("imagenet", tmp_path / "models"), optim__epochs=1)


def test_they_come_once_and_the_log_says_whose_they_are(
    server: Hub, wanted: Config, file: Path, tmp_path: Path
) -> None:
    told = list(bring(wanted, never_cancelled))
    asked, came = told[0], told[-1]
    assert isinstance(asked, ev.Fetching)
    assert (asked.name, asked.source, asked.licence) == ("imagenet", "lab/resnet/model.safetensors", "MIT")
    assert isinstance(came, ev.Fetched)
    assert came.verified
    assert came.sha256 == sha256(file)
    assert any(isinstance(event, ev.Preparing) and "imagenet" in event.stage for event in told[1:-1])
    assert shelf.verify(tmp_path / "models" / "imagenet").licence == "MIT"
    assert list(bring(wanted, never_cancelled)) == []
    assert len(server.requests) == 1
    (tmp_path / "models" / "imagenet" / shelf.WEIGHTS).unlink()  # a checkout of git has none
    list(bring(wanted, never_cancelled))
    assert shelf.verify(tmp_path / "models" / "imagenet")


@pytest.mark.slow
def test_a_stop_keeps_what_came(server: Hub, wanted: Config, tmp_path: Path) -> None:
    server.mishaps = ["hold 8192 60"]
    partial = hub.partial_file(hub.catalogue()["imagenet"], tmp_path / "models")
    with pytest.raises(Cancelled):
        list(bring(wanted, cancelled_when(lambda: partial.is_file() and partial.stat().st_size >= 8192)))
    server.going.set()
    assert partial.stat().st_size == 8192
    assert isinstance(list(bring(wanted, never_cancelled))[-1], ev.Fetched)  # waits for whoever still has the file open
    assert server.ranges[-1] == "bytes=8192-"
    assert shelf.verify(tmp_path / "models" / "imagenet")


@pytest.mark.slow
def test_two_that_want_the_same_fetch_it_once(server: Hub, wanted: Config, tmp_path: Path) -> None:
    server.mishaps = ["hold 8192 60"]
    partial = hub.partial_file(hub.catalogue()["imagenet"], tmp_path / "models")
    first, second = bring(wanted, never_cancelled), bring(wanted, never_cancelled)
    while not (partial.is_file() and partial.stat().st_size):
        next(first)
    assert isinstance(next(second), ev.Fetching)
    next(second)
    server.going.set()
    server.mishaps = []
    assert isinstance([*first, *second][-1], ev.Fetched)
    assert len(server.requests) == 2  # the second one of the first's, for what the held connection left
    assert shelf.verify(tmp_path / "models" / "imagenet")


def test_without_a_way_out_it_says_what_to_do(
    wanted: Config, server: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(WeightsError, match=r"weights fetch imagenet;.*--init random.*cannot be reached") as caught:
            list(bring(wanted, never_cancelled))
    assert caught.value.exit_code == 4
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"weights fetch imagenet;.*--init random.*HF_HUB_OFFLINE"):
        list(bring(wanted, never_cancelled))
    assert server.requests == []
    assert not list((tmp_path / "models").iterdir())


def test_a_network_that_they_do_not_fit_fetches_nothing(
    server: Hub, small: Callable[..., Config], tmp_path: Path
) -> None:
    wider = small(model__init=shelf.resolve("imagenet", tmp_path / "models"), model__width=8)
    with pytest.raises(WeightsError, match=r"4 features wide"):
        list(bring(wider, never_cancelled))
    assert server.requests == []


@pytest.mark.slow
def test_a_run_fetches_is_stopped_while_it_does_and_goes_on(
    server: Hub, wanted: Config, new_run: Callable[..., Run], tmp_path: Path
) -> None:
    server.mishaps = ["drip"]
    partial = hub.partial_file(hub.catalogue()["imagenet"], tmp_path / "models")
    run = new_run()
    assert runner.drive(run, wanted, should_stop=lambda: partial.is_file() and partial.stat().st_size > 0) == 5
    assert partial.stat().st_size > 0
    seen: list[ev.Event] = []
    assert runner.drive(run, wanted, resume=True, on_event=lambda _line, event: seen.append(event)) == 0, seen[-1]
    assert server.ranges[-1].startswith("bytes=")
    assert [type(event) for event in seen if isinstance(event, (ev.Fetching, ev.Fetched, ev.DataPrepared))] == [
        ev.Fetching, ev.Fetched, ev.DataPrepared]  # fmt: skip
