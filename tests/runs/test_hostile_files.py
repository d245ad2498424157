"""Whatever lies in the place of a run's or a shelf's file: its row says why, the others are shown, nobody waits."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.console.runs import print_run, print_runs
from cxrtui.errors import ConfigError, WeightsError
from cxrtui.files import read_bytes
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs import tail as tails
from cxrtui.runs.arrange import LATEST
from cxrtui.runs.filter import Filter
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from cxrtui.training.steering import Steering
from cxrtui.weights import shelf
from tests.event_samples import whole_run

DEEP = b"[" * 100_000


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:  # the path itself may be too long
        made.bind(path.name)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": _socket,
    "folder": Path.mkdir,
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "device": lambda path: path.symlink_to("/dev/zero"),
}
BYTES: dict[str, bytes] = {
    "not UTF-8": b"\xff\xfe\x00\x80",
    "zeros": bytes(100_000),
    "deep": b"x = " + DEEP,
    "many digits": b"x = " + b"9" * 5000,
    "one line": b"a" * 3_000_000,
}


@pytest.fixture(params=[*KINDS, *BYTES])
def put(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Puts a thing into a file's place."""

    def put(path: Path) -> None:
        path.unlink(missing_ok=True)
        if request.param in KINDS:
            KINDS[request.param](path)
        else:
            path.write_bytes(BYTES[request.param])

    return put


def _run(checkpoints: Path, name: str) -> Run:
    run = new_run(checkpoints, name)
    run.config_file.write_text("")
    for event in whole_run():
        run.append(event)
    return run


@pytest.mark.parametrize(
    "name", ["config.toml", "events.jsonl", "control", "lock", "heartbeat", "manifest.json", "notes.toml"]
)
def test_a_run_is_listed_whatever_lies_in_a_files_place(
    tmp_path: Path, name: str, put: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = _run(tmp_path, "bad"), _run(tmp_path, "good")
    put(bad.folder / name)
    print_runs(tmp_path, True, Filter(), LATEST)
    rows = {row["run"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["good"]["status"] == "finished"
    assert rows["good"]["problem"] is None
    if name == "events.jsonl":
        assert rows["bad"]["status"] in ("unreadable", "empty")
    print_run(bad, as_json=False)
    assert "bad" in capsys.readouterr().out
    bad.read_commands()
    bad.beat()
    assert bad.holder() is None
    assert not bad.alive()
    assert summary(good).status == "finished"


@pytest.mark.parametrize("kind", KINDS)
def test_the_reason_is_in_the_row(tmp_path: Path, kind: str) -> None:
    for name in ("config.toml", "events.jsonl"):
        bad = _run(tmp_path, f"bad-{name}")
        (bad.folder / name).unlink()
        KINDS[kind](bad.folder / name)
        assert f"{name} cannot be read: " in summary(bad).problem


@pytest.mark.parametrize("name", ["model.toml", "README.md", "weights.safetensors", "classifier.toml"])
def test_the_shelf_is_listed_whatever_lies_in_a_files_place(
    tmp_path: Path, name: str, put: Callable[[Path], None]
) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "model.toml").write_text("")
    put(bad / name)
    entry = next(entry for entry in shelf.entries(tmp_path, check=True) if entry.name == "bad")
    assert "cannot be read" in entry.error
    with pytest.raises(WeightsError):
        shelf.verify(bad)
    assert len(shelf.classifiers(tmp_path)) == (name == "classifier.toml")


def test_a_configuration_is_read_or_refused_in_a_sentence(tmp_path: Path, put: Callable[[Path], None]) -> None:
    file = tmp_path / "cxrtui.toml"
    put(file)
    with pytest.raises(ConfigError) as refused:
        config.load(file)
    assert len(str(refused.value)) < 400
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        f"[optim]\nepochs = {10**400}",
        f"[stop]\npatience = {10**400}",
        "[optim]\nclip = inf",
        "[optim]\nlearning_rate = nan",
        f'["{"a" * 100_000}"]',
        f'[data]\n"{"a" * 100_000}" = 1',
        f'[data]\nfit = "{"a" * 100_000}"',
        '["a\\u001b\\n\\u202e"]',
        "data = 5",
    ],
)
def test_a_setting_that_cannot_be_is_one_short_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cxrtui.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        config.load(file)
    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


def _line(**changes: object) -> bytes:
    step = next(event for event in whole_run() if isinstance(event, ev.StepDone))
    return json.dumps({**json.loads(codec.encode(step)), **changes}).encode()


@pytest.mark.parametrize(
    "line",
    [
        _line(step=10**400), _line(loss=10**400), _line(time=10**400), _line(time=-1), _line(time=1e300),
        _line(time="nan"), _line(time=float("inf")), _line(epoch=True), _line(epochs="3"), _line(loss="0.5"),
        _line(step=None), _line(accuracy=[]), _line(epoch=1.5),
        b'{"type":"RunStarted","run":"x","seed":0,"config":{"stop":5}}',
        b'{"type":"RunStarted","run":"x","seed":0,"config":' + b'{"a":' * 500 + b"1" + b"}" * 501,
        b'{"type":"DataPrepared","source":"s","fingerprint":"f","counts":{"train":5},"patients":{},"labels":[]}',
        b'{"type":"DataPrepared","source":"s","fingerprint":"f","counts":{},"patients":{},"labels":[1]}',
        b'{"type":"Evaluated","part":"x","step":1,"metrics":{},"counts":{"tp":1},"threshold":0.5}',
        b'{"type":"Failed"}',
    ],
)  # fmt: skip
def test_a_line_that_holds_no_event_is_told_and_passed_over(tmp_path: Path, line: bytes) -> None:
    run = _run(tmp_path, "run")
    whole = run.read()
    with run.events_file.open("ab") as file:
        file.write(line + b"\n")
    state = run.read()
    assert "part of events.jsonl cannot be read: a " in state.problem
    assert (state.status, state.step, len(state.log)) == (whole.status, whole.step, len(whole.log))


@pytest.mark.parametrize("line", [b"noise", b'{"v": 1, "type": "StepDo', b'{"type": "Unheard", "x": 1}', DEEP])
def test_a_torn_a_foreign_or_a_newer_line_is_no_problem(tmp_path: Path, line: bytes) -> None:
    run = _run(tmp_path, "run")
    with run.events_file.open("ab") as file:
        file.write(line + b"\n")
    assert run.read().problem == ""


@pytest.mark.parametrize("line", [b"noise", b"\x00\xff\n\x1b", b'{"type": "Unheard", "x": 1}', DEEP])
def test_a_log_without_any_event_is_unreadable_until_one_comes(tmp_path: Path, line: bytes) -> None:
    run = new_run(tmp_path, "run")
    run.config_file.write_text("")
    run.events_file.write_bytes(line + b"\n")
    state = run.read()
    assert (state.status, state.problem) == (
        "unreadable", "events.jsonl has no event that this version of cxrtui can read")  # fmt: skip
    run.append(whole_run()[0])
    assert run.read().problem == ""


def test_an_endless_line_is_passed_over_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "_LINE_MOST", 5000)
    monkeypatch.setattr(tails, "BLOCK", 1000)
    run = _run(tmp_path, "run")
    tail = run.tail()
    tail.poll()
    with run.events_file.open("ab") as file:
        file.write(b"x" * 20_000)
    assert tail.poll() == []
    assert len(tail._rest) <= 6000
    with run.events_file.open("ab") as file:
        file.write(b"\n")
    paused = ev.Paused(time=1.0, step=1)
    run.append(paused)
    assert tail.poll() == [paused]
    assert "a line of more than 5,000 bytes" in tail.problem


@pytest.mark.parametrize(
    "body",
    ['{"commands": [{"command": "pause", "id": 1e999}]}', '{"commands": [{"command": "pause", "id": NaN}]}',
     '{"commands": [{"command": {}, "id": 1}]}', '{"commands": {"command": 1}}', '{"commands": "stop"}',
     '{"commands": [{"command": "stop", "id": "7"}]}', '{"commands": [{"command": "stop", "id": true}]}',
     '{"commands": ' + "[" * 50_000],
)  # fmt: skip
def test_what_is_no_command_is_none(tmp_path: Path, body: str) -> None:
    run = _run(tmp_path, "run")
    (run.folder / "control").write_text(body)
    assert run.read_commands() == []
    run.command("stop")
    assert [word for word, _ in run.read_commands()] == ["stop"]


def test_an_id_of_four_hundred_digits_does_not_deafen_a_run(tmp_path: Path) -> None:
    run = _run(tmp_path, "run")
    (run.folder / "control").write_text(json.dumps({"commands": [{"command": "resume", "id": 10**400}]}))
    steering = Steering(run, lambda: False)
    run.command("stop")
    steering.look()
    assert steering.stopping


def test_a_stop_after_the_epoch_holds_until_it_is_taken_back(tmp_path: Path) -> None:
    run = _run(tmp_path, "run")
    run.command("stop-after-epoch")  # to an earlier process
    steering = Steering(run, lambda: False)
    asked = []
    for command in ("pause", "stop-after-epoch", "resume", "keep-going"):
        run.command(command)
        steering._looked = 0.0
        asked.append(steering.stop_after_epoch())
    assert asked == [False, True, True, False]
    assert not steering.stop()


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(OSError, match="longer than 1,000 bytes"):
        read_bytes(endless, 1000)
