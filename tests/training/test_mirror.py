"""A run is copied to a store while it trains, and goes on on another machine from the copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.errors import CheckpointError, ConfigError, UsageError
from cxrtui.runner import drive, record
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training.mirror import Mirror, fetch
from cxrtui.weights import states
from tests.remote.conftest import Store
from tests.remote.conftest import store as store

pytestmark = pytest.mark.slow
LOCAL = {"lock", "control", "heartbeat", "host-0.json", "host-12.json", "hosts.json"}


def files_of(folder: Path) -> dict[str, bytes]:
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def events_of(run: Run) -> list[ev.Event]:
    return run.tail().poll()


def test_a_run_is_copied_and_goes_on_elsewhere(
    store: Store, small: Callable[..., Config], new_run: Callable[..., Run], tmp_path: Path
) -> None:
    run, url = new_run("night"), store.url("runs")
    seen: list[str] = []
    settings = small(run__mirror=url, optim__epochs=2, run__evaluate="validation")
    code = drive(run, settings, should_stop=lambda: "Validated" in seen,
                 on_event=lambda line, event: seen.append(type(event).__name__))  # fmt: skip
    assert code == 5
    copied = [event for event in events_of(run) if isinstance(event, ev.Mirrored)]
    assert copied, seen
    assert copied[-1].url == store.url("runs/night")
    here, local = files_of(run.folder), {"lock", "control", "heartbeat"}
    assert store.keys("runs/night/") == here.keys() - local

    found = fetch(store.url("runs/night"), tmp_path / "elsewhere" / "checkpoints")
    there = files_of(found.folder)
    log = here.pop("events.jsonl")
    assert log.startswith(there.pop("events.jsonl")), "the last line tells of the last copy"
    assert there == {name: body for name, body in here.items() if name not in local}
    with pytest.raises(UsageError, match="is here already"):
        fetch(store.url("runs/night"), found.folder.parent)
    assert drive(found, settings, resume=True) == 0
    after = events_of(found)
    assert any(isinstance(event, ev.Resumed) and event.restored for event in after)
    assert isinstance(after[-1], ev.Mirrored)
    assert {f"state/{step}/digests.json" for step in states.steps(found.state)} <= store.keys("runs/night/")
    kept = {name.split("/")[1] for name in store.keys("runs/night/") if name.startswith("state/")}
    assert kept == {str(step) for step in states.steps(found.state)}, "what was pruned is removed there too"


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    """A folder like that of a run with one checkpoint."""
    from cxrtui.weights import digests

    run = Run(tmp_path / "checkpoints" / "done")
    position = run.state / "7" / "progress"
    for item in ("weights", "optimizer", "progress"):
        (run.state / "7" / item).mkdir(parents=True)
        (run.state / "7" / item / "data").write_text(item)
    (position / "metadata").write_text(json.dumps({"step": 7, "digests": "digests.json"}))
    digests.seal(run.state / "7", 7)
    (run.state / "9.saving").mkdir()
    (run.state / "9.saving" / "half").write_text("x")
    run.config_file.write_text("")
    run.manifest_file.write_text(json.dumps({"id": "one"}))
    for name in ("events.jsonl", *LOCAL, ".hidden.tmp"):
        (run.folder / name).write_text("")
    return run


def test_what_fails_is_a_warning_once_and_is_tried_again(store: Store, finished: Run) -> None:
    mirror = Mirror(finished, "s3://no-such-bucket/runs")
    first = list(mirror.finish())
    assert [type(event) for event in first] == [ev.Warned]
    assert "is not there; check the bucket" in first[0].message
    mirror = Mirror(finished, "s3://later-there/runs")
    saved = ev.CheckpointSaved(step=7, epoch=1, best=True, reason="epoch")
    assert list(mirror.after(saved)) == []
    assert mirror._copying is not None
    mirror._copying.result()
    assert [type(event) for event in mirror.after(saved)] == [ev.Warned]
    store.client.create_bucket(Bucket="later-there")
    events = list(mirror.finish())
    assert isinstance(events[-1], ev.Mirrored)
    sent = sum(event.files for event in events if isinstance(event, ev.Mirrored))
    assert sent == len(store.client.list_objects_v2(Bucket="later-there")["Contents"]) > 5


def test_only_whole_checkpoints_are_brought_back(store: Store, finished: Run, tmp_path: Path) -> None:
    assert [type(event) for event in Mirror(finished, store.url("")).finish()] == [ev.Mirrored]
    assert not {*LOCAL, ".hidden.tmp", "state/9.saving/half"} & store.keys("done/")
    store.put(**{"done/state/8/weights/data": b"no digests", "done/../../escaped": b"x", "done/lock": b"x"})
    found = fetch(store.url("done"), tmp_path / "a")
    assert states.steps(found.state) == [7]
    assert not (found.folder / "lock").exists()
    assert sorted(item.name for item in tmp_path.iterdir() if item.name != "cache") == ["a", "checkpoints"]
    store.put(**{"done/state/7/weights/data": b"other bytes"})
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        fetch(store.url("done"), tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []
    store.put(**{"films/x.png": b"x"})
    with pytest.raises(CheckpointError, match="no run that"):
        fetch(store.url("films"), tmp_path / "b")


def test_another_run_of_the_name_is_not_overwritten(store: Store, finished: Run) -> None:
    list(Mirror(finished, store.url("runs")).finish())
    finished.manifest_file.write_text(json.dumps({"id": "two"}))
    (refused,) = Mirror(finished, store.url("runs")).finish()
    assert "the copy of another run" in refused.message
    finished.manifest_file.write_text(json.dumps({"id": "one"}))
    shutil.rmtree(finished.state / "7")
    (again,) = Mirror(finished, store.url("runs")).finish()
    assert isinstance(again, ev.Mirrored)
    assert not [key for key in store.keys("runs/done/") if key.startswith("state/")]


def test_a_mirror_is_a_url(small: Callable[..., Config]) -> None:
    with pytest.raises(ConfigError, match="s3://bucket/runs"):
        small(run__mirror="backup")


def test_a_folder_can_be_a_mirror_too(finished: Run, tmp_path: Path) -> None:
    (event,) = Mirror(finished, f"file://{tmp_path}/backup").finish()
    assert isinstance(event, ev.Mirrored), event
    assert (tmp_path / "backup/done/state/7/digests.json").is_file()
    assert fetch(f"file://{tmp_path}/backup/done", tmp_path / "new").config_file.is_file()


def test_whoever_records_a_death_makes_the_last_copy_and_sends_no_checkpoint_again(
    finished: Run, tmp_path: Path, small: Callable[..., Config]
) -> None:
    url, copy = f"file://{tmp_path}/backup", tmp_path / "backup" / "done"
    list(Mirror(finished, url).finish())
    (copy / "state/7/weights/data").write_bytes(b"not read")  # of the same size, as a file of the store would be
    record(finished, small(run__mirror=url), ev.Failed(error="HostLost", message="Host 1 is lost.", exit_code=1))
    assert b"Host 1 is lost." in (copy / "events.jsonl").read_bytes()
    assert isinstance(events_of(finished)[-1], ev.Mirrored)
    assert (copy / "state/7/weights/data").read_bytes() == b"not read"
    (finished.state / "7/digests.json").write_text("other")
    list(Mirror(finished, url).once())
    assert (copy / "state/7/weights/data").read_bytes() == b"weights"
    assert list(Mirror(finished, "").once()) == []
