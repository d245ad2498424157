"""Published weights from a hub on loopback: drops, wrong sums, refusals, slowness, redirects, tokens, no network."""

from __future__ import annotations

import fcntl
import hashlib
import random
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from huggingface_hub import constants

from cxrtui.errors import Cancelled, UsageError, WeightsError, cancelled_when
from cxrtui.printable import printable
from cxrtui.weights import hub
from cxrtui.weights.hub.download import Download
from tests.weights.loopback_hub import Hub, publish, serving

BODY = random.Random(0).randbytes(1_500_000)
SUM = hashlib.sha256(BODY).hexdigest()
WANTED = hub.Published(
    name="some", about="for tests", repository="lab/resnet", revision="0123456789abcdef0123456789abcdef01234567",
    file="model.safetensors", licence="MIT", format="torchvision", sha256=SUM, bytes=len(BODY),
)  # fmt: skip
PATH = f"/lab/resnet/resolve/{WANTED.revision}/model.safetensors"
PART = ".fetch/some-0123456789ab/model.safetensors"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-login"))
    with serving(**{PATH: BODY}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def fetch(models: Path, wanted: hub.Published = WANTED, **options: object) -> tuple[list[tuple[int, int]], str]:
    """What was told of the progress, and the checksum; the file itself is compared here."""
    told: list[tuple[int, int]] = []
    options = {"timeout": 5.0, "pause": 0.001, **options}
    path, sum_ = hub.fetch(wanted, models, lambda here, total: told.append((here, total)), **options)  # type: ignore[arg-type]
    assert path.read_bytes() == BODY
    return told, sum_


def test_a_file_comes_whole_and_says_how_far_it_is(server: Hub, tmp_path: Path) -> None:
    told, sum_ = fetch(tmp_path)
    assert sum_ == SUM
    assert told[0] == (0, len(BODY))
    assert told[-1] == (len(BODY), len(BODY))
    assert [path for path, _ in server.requests] == [PATH]
    assert "Authorization" not in server.requests[0][1]
    assert fetch(tmp_path)[0] == []  # it is all there: not asked again
    assert len(server.requests) == 1


def test_a_cut_connection_goes_on_where_it_was_cut(server: Hub, tmp_path: Path) -> None:
    server.mishaps = [400_000, 0, 700_000, "status 503"]
    told, _ = fetch(tmp_path)
    assert server.ranges == ["", "bytes=400000-", "bytes=400000-", "bytes=1100000-", "bytes=1100000-"]
    assert all(total == len(BODY) for _, total in told)


def test_another_process_goes_on_where_one_was_stopped(server: Hub, tmp_path: Path) -> None:
    server.mishaps = [500_000]

    def stop(here: int, _total: int) -> None:
        if here >= 500_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.fetch(WANTED, tmp_path, stop, pause=0.001)
    assert (tmp_path / PART).stat().st_size == 500_000
    told, _ = fetch(tmp_path)
    assert told[0] == (500_000, len(BODY))
    assert server.ranges[-1] == "bytes=500000-"


def test_a_slow_line_is_heard_of_as_it_comes(server: Hub, tmp_path: Path) -> None:
    server.mishaps = ["drip"]
    told: list[int] = []
    with pytest.raises(Cancelled):
        hub.fetch(
            WANTED,
            tmp_path,
            lambda here, _all: told.append(here),
            check_cancelled=cancelled_when(lambda: len(told) > 5),
        )
    assert max(told) < 200_000
    assert (tmp_path / PART).stat().st_size == max(told)
    assert fetch(tmp_path)[0][0] == (max(told), len(BODY))


@pytest.mark.parametrize("mishaps", [["status 503"] * 9, ["silent"] * 9, ["hold 4096"] * 9])
def test_what_is_not_wanted_any_more_is_given_up_while_waiting(
    server: Hub, tmp_path: Path, mishaps: list[int | str]
) -> None:
    server.mishaps = mishaps
    began = time.monotonic()
    with pytest.raises(Cancelled):
        fetch(tmp_path, timeout=0.2, pause=60.0, check_cancelled=cancelled_when(lambda: len(server.requests) > 0))
    assert time.monotonic() - began < 30  # and not the minute's pause
    assert len(server.requests) == 1
    server.mishaps = []
    fetch(tmp_path)


@pytest.mark.parametrize("known_size", [True, False])
def test_a_server_that_knows_no_ranges_begins_again(server: Hub, tmp_path: Path, known_size: bool) -> None:
    server.mishaps = [300_000, "no ranges"]
    fetch(tmp_path, WANTED if known_size else replace(WANTED, bytes=0))


def test_a_whole_partial_of_unknown_size_is_not_fetched_again(server: Hub, tmp_path: Path) -> None:
    wanted = replace(WANTED, bytes=0)
    fetch(tmp_path, wanted)
    assert fetch(tmp_path, wanted)[0] == []
    assert server.ranges == ["", f"bytes={len(BODY)}-"]


def test_a_partial_that_is_longer_than_the_file_is_begun_again(server: Hub, tmp_path: Path) -> None:
    (tmp_path / PART).parent.mkdir(parents=True)
    (tmp_path / PART).write_bytes(BODY + b"more")
    fetch(tmp_path)


def test_a_file_that_was_changed_is_refused_and_removed(server: Hub, tmp_path: Path) -> None:
    server.files[PATH] = BODY[:700_000] + b"X" + BODY[700_001:]
    with pytest.raises(WeightsError, match=f"is not the published one: its SHA-256 is .* and not {SUM}") as caught:
        fetch(tmp_path)
    assert caught.value.exit_code == 4
    assert not (tmp_path / PART).exists()


def test_a_partial_that_was_tampered_with_is_refused(server: Hub, tmp_path: Path) -> None:
    (tmp_path / PART).parent.mkdir(parents=True)
    (tmp_path / PART).write_bytes(bytes(200_000))
    with pytest.raises(WeightsError, match="damaged or changed on the way and has been removed"):
        fetch(tmp_path)
    fetch(tmp_path)


def test_a_first_fetch_is_trusted_and_the_next_is_held_to_it(server: Hub, tmp_path: Path) -> None:
    wanted = replace(WANTED, sha256="", bytes=0)
    _, sum_ = fetch(tmp_path, wanted)
    assert sum_ == SUM
    (tmp_path / PART).unlink()
    server.files[PATH] = BODY[:-1] + b"X"
    with pytest.raises(WeightsError, match="is not the published one"):
        fetch(tmp_path, wanted, expected=sum_)


def test_another_size_is_refused_before_it_is_downloaded(server: Hub, tmp_path: Path) -> None:
    server.files[PATH] = b"please log in to this network"
    with pytest.raises(WeightsError, match="a file of 29 bytes instead of 1,500,000"):
        fetch(tmp_path)


@pytest.mark.parametrize(
    ("status", "words", "requests"),
    [(404, "has no lab/resnet/model.safetensors at 0123", 1), (401, "set HF_TOKEN", 1), (403, "set HF_TOKEN", 1),
     (410, "try again later", 1), (503, "cxrtui weights port", 5)],
)  # fmt: skip
def test_an_answer_that_is_not_the_file(server: Hub, tmp_path: Path, status: int, words: str, requests: int) -> None:
    server.mishaps = [f"status {status}"] * 9
    with pytest.raises(WeightsError, match=words) as caught:
        fetch(tmp_path)
    assert str(status) in str(caught.value)
    assert len(server.requests) == requests
    assert list(tmp_path.iterdir()) == []  # nothing came


def test_an_empty_answer_is_no_file(server: Hub, tmp_path: Path) -> None:
    server.files[PATH] = b""
    with pytest.raises(WeightsError, match="200 but an empty file"):
        fetch(tmp_path, replace(WANTED, sha256="", bytes=0))
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_is_given_up_and_what_came_is_kept(server: Hub, tmp_path: Path) -> None:
    server.mishaps = [600_000, *["silent"] * 9]
    with pytest.raises(WeightsError, match=r"600,000 bytes of some that came are kept.*weights fetch some goes on"):
        fetch(tmp_path, timeout=0.05)
    server.mishaps = []
    fetch(tmp_path)
    assert server.ranges[-1] == "bytes=600000-"


def test_a_machine_with_no_way_out_is_told_how_to_carry_the_file(server: Hub, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with socket.socket() as taken:  # a port that nobody listens on
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(WeightsError) as caught:
            fetch(tmp_path)
    told = str(caught.value)
    assert "cannot be reached" in told
    assert "lab/resnet at revision 0123" in told
    assert "cxrtui weights port model.safetensors --out some" in told
    assert "\n" not in told
    assert list(tmp_path.iterdir()) == []


def test_offline_mode_asks_nobody(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=r"HF_HUB_OFFLINE.*cxrtui weights port"):
        fetch(tmp_path)
    assert server.requests == []


def test_the_token_goes_to_the_hub_and_not_to_the_storage_behind_it(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with serving(**{PATH: BODY}) as storage:
        server.storage = storage.address
        server.mishaps = ["redirect", "redirect"]
        storage.mishaps = [250_000]
        fetch(tmp_path)
        assert [headers.get("Authorization") for _, headers in server.requests] == ["Bearer hf_secret"] * 2
        assert all("Authorization" not in headers for _, headers in storage.requests)
        assert storage.ranges == ["", "bytes=250000-"]


@pytest.mark.parametrize(
    "address",
    ["file:///tmp", "hub", "http://", "http://[::1", "http://hub:port", "http://hub:99999", "http://a b", "http://h\u202e",
     "http://hub/\x1b[31m", "http://\x1b]0;PWN\x07\x1b[31m/"],
)  # fmt: skip
def test_an_endpoint_must_be_an_address(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(UsageError) as told:
        fetch(tmp_path)
    assert str(told.value) == f"HF_ENDPOINT must be an http or https address, not '{printable(address)}'."
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_the_endpoint_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Hub) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address.replace("http://", "http://me:secret@"))
    server.mishaps = ["status 403"]
    with pytest.raises(WeightsError) as told:
        fetch(tmp_path)
    assert "127.0.0.1:" in str(told.value)
    assert "secret" not in str(told.value)


def test_two_processes_do_not_write_one_file(server: Hub, tmp_path: Path) -> None:
    def again(_here: int, _total: int) -> None:
        Download(server.address + PATH).bring(tmp_path / "part")

    with pytest.raises(WeightsError, match="Another process"):
        Download(server.address + PATH, on_progress=again).bring(tmp_path / "part")


def test_a_partial_file_that_its_last_holder_removes_is_made_anew(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, path = fcntl.flock, tmp_path / "part"

    def late(file: BinaryIO, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        path.unlink()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    Download(server.address + PATH).bring(path)
    assert path.read_bytes() == BODY


def test_a_folder_that_cannot_be_written(server: Hub, tmp_path: Path) -> None:
    (tmp_path / ".fetch").touch()
    with pytest.raises(WeightsError, match="Cannot write"):
        fetch(tmp_path)


def test_every_manifest_is_whole() -> None:
    every = hub.catalogue()
    assert next(iter(every)) == "imagenet"
    for item in every.values():
        assert len(item.revision) == 40
        assert len(item.sha256) in (0, 64)
        assert int(item.revision, 16)
        assert int(item.sha256 or "1", 16)
        assert item.licence in ("BSD-3-Clause", "Apache-2.0")
    with pytest.raises(UsageError, match="take one of imagenet"):
        hub.find("nonsense")


def test_a_full_disk_keeps_what_came_and_the_next_fetch_goes_on(server: Hub, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, before[1]))
    try:
        with pytest.raises(WeightsError, match=r"Cannot write \S+: file too large; raise the limit .* from there"):
            fetch(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [item.name for item in tmp_path.iterdir()] == [".fetch"]
    fetch(tmp_path)
    assert server.ranges == ["", "bytes=600000-"]


def test_a_folder_of_manifests_adds_to_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = hub.catalogue()
    narrow = replace(WANTED, name="a-narrow-one", width=4, stages=(1, 1, 1, 1))
    publish(tmp_path / "more", monkeypatch, narrow, replace(WANTED, name="imagenet"))
    (tmp_path / "more" / "README.md").write_text("no manifest")
    assert list(hub.catalogue()) == ["imagenet", *sorted({*ours, "a-narrow-one"} - {"imagenet"})]
    assert hub.find("a-narrow-one") == narrow
    assert hub.find("imagenet") == replace(WANTED, name="imagenet")


@pytest.mark.parametrize("text", ["no toml [", "", "about = 3", 'sha = "0"', "x = " + "[" * 9_999, None])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    publish(tmp_path / "more", monkeypatch, WANTED)
    place = tmp_path / "more" / "worse.toml"
    if text is None:
        place = tmp_path / "nowhere"
        monkeypatch.setenv("CXRTUI_CATALOGUE", str(place))
    else:
        place.write_text(text)
    with pytest.raises(UsageError, match=rf"CXRTUI_CATALOGUE: {place} cannot be used \(.+\); mend it or unset"):
        hub.catalogue()
