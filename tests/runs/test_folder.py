import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cxrtui.errors import UsageError
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.listing import all_runs, behind_link, find_run, new_run
from tests.event_samples import whole_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = new_run(tmp_path / "checkpoints", "sample")
    made.config_file.write_text("")
    for event in whole_run():
        made.append(event)
    return made


def test_a_torn_line_waits_for_its_rest(run: Run) -> None:
    tail = run.tail()
    assert len(tail.poll()) == len(whole_run())
    line = codec.encode(ev.Paused(time=1.0, step=4)).encode() + b"\n"
    for index in range(len(line) - 1):
        with run.events_file.open("ab") as file:
            file.write(line[index : index + 1])
        assert tail.poll() == []
    with run.events_file.open("ab") as file:
        file.write(line[-1:])
    assert tail.poll() == [ev.Paused(time=1.0, step=4)]


def test_an_unfinished_line_does_not_swallow_the_next(run: Run) -> None:
    with run.events_file.open("ab") as file:
        file.write(b'{"v": 1, "type": "StepDo')
    run.append(ev.Paused(time=9.0, step=4))
    assert run.tail().poll()[-1] == ev.Paused(time=9.0, step=4)
    assert b"\n\n" not in run.events_file.read_bytes()


def test_a_line_that_the_disk_cut_is_noticed_and_ended(run: Run) -> None:
    """A process of its own, whose files may grow by some bytes only; then the limit is lifted."""
    script = f"""
import resource
from pathlib import Path
from cxrtui.runs import folder
from cxrtui.runs import events
from cxrtui.runs import folder
from cxrtui.runs.folder import Run
run = Run(Path({str(run.folder)!r}))
before = run.events_file.stat().st_size
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (before + 20, most))
try:
    run.append(events.Paused(time=7.0, step=7))
except OSError as error:
    print(error.strerror, error.filename == str(run.events_file), run.events_file.stat().st_size - before)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
run.append(events.Paused(time=8.0, step=8))
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["File", "too", "large", "True", "20"]
    paused = [event.step for event in run.tail().poll() if isinstance(event, ev.Paused)]
    assert (paused[-1], 7 in paused) == (8, False)


def test_a_log_on_a_full_device_is_an_error(run: Run) -> None:
    run.events_file.unlink()
    run.events_file.symlink_to("/dev/full")
    with pytest.raises(OSError, match="device"):
        run.append(ev.Paused(step=1))


def test_of_a_link_only_the_link_is_deleted(run: Run, tmp_path: Path) -> None:
    elsewhere = run.folder.rename(tmp_path / "elsewhere")
    (elsewhere / "state").mkdir()
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / "link").symlink_to(elsewhere, target_is_directory=True)
    found = find_run(checkpoints, "link")
    assert (found.name, found.read().status) == ("link", "finished")
    found.delete()
    assert not os.path.lexists(checkpoints / "link")
    assert is_run(elsewhere)
    inner = Path(shutil.copytree(elsewhere, checkpoints / "inner"))
    (inner / "films").symlink_to(elsewhere, target_is_directory=True)
    find_run(checkpoints, "inner").delete()
    assert not inner.exists()
    assert is_run(elsewhere)
    # The folder of all runs may be a link: that is where the user keeps them.
    shutil.copytree(elsewhere, tmp_path / "far" / "kept")
    (tmp_path / "near").symlink_to(tmp_path / "far", target_is_directory=True)
    find_run(tmp_path / "near", "kept").delete()
    assert not (tmp_path / "far" / "kept").exists()


def test_a_path_through_a_link_and_a_path_from_elsewhere_name_no_run_to_delete(run: Run, tmp_path: Path) -> None:
    checkpoints = run.folder.parent
    outside = tmp_path / "outside"
    shutil.copytree(run.folder, outside / "theirs")
    (checkpoints / "link").symlink_to(outside, target_is_directory=True)
    for name in ("link/theirs", str(checkpoints / "link" / "theirs"), "link/../link/theirs/"):
        assert behind_link(checkpoints, name) == checkpoints / "link"
    for name in (run.name, str(run.folder), str(outside / "theirs"), "link", "absent"):
        assert behind_link(checkpoints, name) is None
    with pytest.raises(UsageError, match="No run"):  # a path begins at the working folder, not at the runs
        find_run(checkpoints, "../outside/theirs")


def test_the_lock_knows_that_its_folder_was_moved_or_deleted(run: Run, tmp_path: Path) -> None:
    lock = run.acquire()
    assert lock.holds
    moved = run.folder.rename(tmp_path / "moved")
    assert not lock.holds
    assert lock.place in (moved, None)
    run.folder.mkdir()  # another run of that name
    assert not lock.holds
    shutil.rmtree(moved)
    assert lock.place is None
    lock.release()


def test_a_lock_is_taken_from_a_process_that_hangs_and_that_one_finds_out(run: Run) -> None:
    hanging = run.acquire()
    with pytest.raises(UsageError, match="is being written by another process"):
        run.acquire()
    lock = run.acquire(take_over=True)
    assert (lock.holds, lock.taken_over) == (True, False)
    assert (hanging.holds, hanging.taken_over) == (False, True)
    assert run.alive()
    hanging.release()
    assert run.alive()
    lock.release()
    assert not run.alive()
    again = run.acquire(take_over=True)  # nobody holds it
    assert again.holds
    again.release()


def test_commands_are_read_whole_or_not_at_all(run: Run) -> None:
    assert run.read_command() is None
    run.command("pause")
    first = run.read_command()
    run.command("resume")
    second = run.read_command()
    assert first is not None
    assert second is not None
    assert (first[0], second[0]) == ("pause", "resume")
    assert first[1] != second[1]
    assert [word for word, _ in run.read_commands()] == ["pause", "resume"]
    for _ in range(20):
        run.command("checkpoint")
    assert len(run.read_commands()) == 8
    for junk in (
        "",
        "{",
        '{"commands": [{"command": "explode", "id": 1}]}',
        "[]",
        '{"commands": [{"command": "stop"}]}',
    ):
        (run.folder / "control").write_text(junk)
        assert run.read_command() is None


def test_a_command_that_cannot_be_written_says_why(run: Run) -> None:
    (run.folder / "control").mkdir()
    with pytest.raises(UsageError, match=r"cannot be asked to stop: \S+control cannot be written \(is a directory\)"):
        run.command("stop")


def test_what_a_full_disk_left_of_a_run_is_no_run(tmp_path: Path) -> None:
    stump = new_run(tmp_path, "mine")
    stump.acquire().release()
    (stump.folder / "config.toml").write_text("")
    held = new_run(tmp_path, "mine").acquire()
    with pytest.raises(UsageError, match=r"mine exists and is no run; move it away or choose another name\."):
        new_run(tmp_path, "mine")
    held.release()
    (stump.folder / "films.csv").write_text("kept")
    with pytest.raises(UsageError, match="is no run"):
        new_run(tmp_path, "mine")
    (stump.folder / "films.csv").unlink()
    stump.config_file.touch()
    stump.events_file.write_text("")  # killed in between: it can be resumed
    with pytest.raises(UsageError, match="--resume mine"):
        new_run(tmp_path, "mine")
    stump.config_file.unlink()
    assert list(new_run(tmp_path, "mine").folder.iterdir()) == []


@pytest.mark.parametrize("kept", ["", "splits.csv", "notes.txt", "state/", "control/"])
def test_the_name_of_a_run_that_failed_before_it_trained_is_free(tmp_path: Path, kept: str) -> None:
    run = new_run(tmp_path, "mine")
    run.config_file.touch()
    run.append(ev.Preparing(stage="reading folder"))
    run.append(ev.Failed(error="WeightsError", message="nothing was fetched", exit_code=4))
    for name in ("traceback.txt", "heartbeat", ".splits.csv.tmp"):
        (run.folder / name).touch()
    if kept.endswith("/"):
        (run.folder / kept).mkdir()
    elif kept:
        (run.folder / kept).touch()
    if kept:
        with pytest.raises(UsageError, match="--resume mine"):
            new_run(tmp_path, "mine")
    else:
        lock = run.acquire()
        with pytest.raises(UsageError, match="--resume mine"):
            new_run(tmp_path, "mine")
        lock.release()
        assert list(new_run(tmp_path, "mine").folder.iterdir()) == []


def test_one_writer_at_a_time_and_a_dead_one_leaves_no_lock(run: Run) -> None:
    code = (
        "import sys, time; from cxrtui.runs.folder import Run; from pathlib import Path; "
        "lock = Run(Path(sys.argv[1])).acquire(); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(run.folder)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert run.alive()
        with pytest.raises(UsageError, match="another process"):
            run.acquire()
        with pytest.raises(UsageError, match="live"):
            run.delete()
        other.kill()
    assert not run.alive()
    run.acquire().release()
    run.delete()
    assert not run.folder.exists()


def test_runs_are_found_by_name_and_by_path(run: Run, tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / "not-a-run").mkdir()
    (checkpoints / "README.md").write_text("")
    assert [found.name for found in all_runs(checkpoints)] == ["sample"]
    assert find_run(checkpoints, "sample") == find_run(tmp_path, str(run.folder))
    with pytest.raises(UsageError, match="runs there: sample"):
        find_run(checkpoints, "samples")
    for number in range(6):
        (checkpoints / f"b{number}").mkdir()
        for file in ("config.toml", "events.jsonl"):
            (checkpoints / f"b{number}" / file).touch()
    with pytest.raises(UsageError, match=r"runs there: sample, .* and 2 more\.$"):  # the likeliest first
        find_run(checkpoints, "sampel")
    (checkpoints / "b3" / "config.toml").unlink()
    for name, missing in (("b3", "config.toml"), ("not-a-run", "config.toml and no events.jsonl")):
        with pytest.raises(UsageError, match=rf"{name} is no run, for it has no {missing}\.$"):
            find_run(checkpoints, name)
    assert all_runs(tmp_path / "absent") == []
    assert not is_run(tmp_path / ("x" * 300))
    with pytest.raises(UsageError, match="No run"):
        find_run(checkpoints, "x" * 300)


def test_a_folder_left_empty_by_a_process_that_died_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert new_run(tmp_path, "again").folder == tmp_path / "again"


def test_a_log_that_goes_is_a_problem_until_it_is_back(run: Run) -> None:
    tail = run.tail()
    assert tail.poll()
    assert tail.problem == ""
    away = run.folder.rename(run.folder.with_name("away"))
    assert tail.poll() == []
    assert tail.problem == "events.jsonl is no longer there: the run was moved or deleted"
    away.rename(run.folder)
    assert (tail.poll(), tail.problem, tail.restarts) == ([], "", 0)


def test_a_log_with_foreign_lines_still_tells_the_rest(run: Run) -> None:
    with run.events_file.open("a") as file:
        file.write('{"type": "DataPrepared", "labels": 5}\n{"type": "Warned", "code": 1, "message": {}}\nnoise\n')
        file.write('{"type": "Evaluated", "part": "x", "step": 1, "metrics": {}, "counts": {}, "threshold": 0.5}\n')
    assert run.read().stopped is not None


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 65, "sp ace"])
def test_a_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    if name:
        with pytest.raises(UsageError, match="name holds"):
            new_run(tmp_path, name)
    else:
        first, second = new_run(tmp_path), new_run(tmp_path)
        assert first != second


def test_a_taken_name_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--resume sample"):
        new_run(tmp_path / "checkpoints", "sample")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_workspace_is_an_error_of_ours(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Cannot create"):
        new_run(tmp_path / "checkpoints", "x")
