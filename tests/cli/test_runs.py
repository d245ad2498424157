"""The commands of ``runs``, on recorded logs."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cxrtui import RESEARCH_ONLY
from cxrtui.cli import cli
from cxrtui.errors import UsageError
from cxrtui.runs import events as ev
from cxrtui.runs import notes
from cxrtui.runs.folder import Run
from tests.tui import compared, logs

# Before click 8.2 a runner must be asked to keep stderr apart; since then it always does.
_APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
RUNNER = CliRunner(**_APART)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoints"
    logs.write(folder, "done", logs.finished("done"))
    logs.write(folder, "broken", logs.failed("broken"))
    logs.write(folder, "killed", logs.midway("killed"))
    return folder


def runs(checkpoints: Path, *words: str) -> Result:
    answer = RUNNER.invoke(cli, ["--workspace", str(checkpoints.parent), "runs", *words], catch_exceptions=False,
                                standalone_mode=False)  # fmt: skip
    assert answer.exit_code == 0
    return answer


def test_list_filters_and_sorts(checkpoints: Path) -> None:
    def names(*words: str) -> list[str]:
        return [json.loads(line)["run"] for line in runs(checkpoints, "list", "--json", *words).stdout.splitlines()]

    assert set(names()) == {"done", "broken", "killed"}
    assert names("--filter", "status:failed,done", "--sort", "name") == ["broken", "done"]
    assert names("--sort", "name", "--reverse") == ["killed", "done", "broken"]
    assert names("--sort", "acc")[0] == "done"
    answer = runs(checkpoints, "list", "--filter", "lr>1")
    assert (answer.stdout, answer.stderr) == ("", "None of 3 runs matches 'lr>1'.\n")
    assert "! " not in runs(checkpoints, "list").stdout
    with pytest.raises(UsageError, match="did you mean lr"):
        runs(checkpoints, "list", "--filter", "lrr>1")
    with pytest.raises(UsageError, match="cannot be sorted by 'lrr'"):
        runs(checkpoints, "list", "--sort", "lrr")


def test_figures_of_a_split_that_leaks_say_so(checkpoints: Path) -> None:
    first, *others = logs.finished("leaky")
    said = "The split of s.csv leaks: 3 of 90 test films have their patient in an earlier split."
    logs.write(checkpoints, "leaky", [first, ev.Warned(code=ev.SPLIT_LEAKS, message=said), *others])
    rows = [json.loads(line) for line in runs(checkpoints, "list", "--json").stdout.splitlines()]
    assert {row["run"]: row["leaks"] for row in rows} == {"leaky": said, "done": None, "broken": None, "killed": None}
    lines = runs(checkpoints, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines if "films leak" in line] == ["leaky"]
    assert runs(checkpoints, "show", "leaky").stdout.splitlines()[0] == f"caution    {said}"
    assert f"! leaky: {said}\n" in runs(checkpoints, "compare", "leaky", "done").stdout


def test_several_devices_are_shown_with_the_speed_of_each(checkpoints: Path) -> None:
    assert "share each batch" not in runs(checkpoints, "show", "done").stdout
    several = [replace(event, devices=8, kind="H100") if isinstance(event, ev.Compiled) else event
               for event in logs.finished("several")]  # fmt: skip
    logs.write(checkpoints, "several", several)
    body = json.loads(runs(checkpoints, "show", "several", "--json").stdout)
    assert body["devices"] == 8
    each = f"{body['images_per_second'] / 8:.1f} on each of 8 devices"
    assert f"devices    8 × H100 share each batch: {body['images_per_second']:.1f} images/s ({each})" in (
        runs(checkpoints, "show", "several").stdout
    )


def test_notes_and_tags_are_listed_and_shown(checkpoints: Path) -> None:
    assert "tags" not in runs(checkpoints, "list").stdout
    runs(checkpoints, "note", "done", "the first that\nworks")
    assert runs(checkpoints, "tag", "done", "+good", "hot", "+x").stdout == "good hot x\n"
    assert runs(checkpoints, "tag", "done", "-hot", "-x").stdout == "good\n"
    assert notes.read(checkpoints / "done") == notes.Notes("the first that works", ("good",))
    listed = runs(checkpoints, "list").stdout
    assert "good" in listed
    assert "the first that works" in listed
    shown = runs(checkpoints, "show", "done").stdout
    assert "tags       good\nnote       the first that works\n" in shown
    row = json.loads(runs(checkpoints, "show", "done", "--json").stdout)
    assert (row["note"], row["tags"], row["problem"]) == ("the first that works", ["good"], None)
    runs(checkpoints, "note", "done", "")
    assert notes.read(checkpoints / "done") == notes.Notes("", ("good",))


def test_a_dead_run_is_interrupted_and_notes_that_are_damaged_are_a_problem(checkpoints: Path) -> None:
    (checkpoints / "killed" / notes.FILE).write_text("note = ")
    row = json.loads(runs(checkpoints, "list", "--json", "--filter", "killed").stdout)
    assert row["status"] == "interrupted"
    assert row["problem"].startswith("notes.toml is not TOML")
    lock = Run(checkpoints / "killed").acquire()
    assert json.loads(runs(checkpoints, "show", "killed", "--json").stdout)["status"] == "training"
    lock.release()


def test_nothing_is_deleted_if_nobody_answers(checkpoints: Path) -> None:
    """Standard input of a job is empty: that is no interruption, and the error says what to add."""
    for words in (["delete", "done"], ["delete", "done", "--forever"]):
        with pytest.raises(UsageError, match="Nothing was deleted, for nobody answered; --yes deletes without asking"):
            runs(checkpoints, *words)
    assert (checkpoints / "done").exists()
    runs(checkpoints, "delete", "done", "--yes")
    with pytest.raises(UsageError, match="nobody answered"):
        runs(checkpoints, "bin", "--empty")
    assert list((checkpoints / ".bin").iterdir())


def test_deleted_runs_go_to_the_bin_and_back(checkpoints: Path) -> None:
    assert runs(checkpoints, "bin").stdout == "The bin is empty.\n"
    answer = runs(checkpoints, "delete", "done", "broken", "--yes")
    assert "the bin holds 2 runs" in answer.stderr
    assert not (checkpoints / "done").exists()
    rows = [json.loads(line) for line in runs(checkpoints, "bin", "--json").stdout.splitlines()]
    assert {row["run"] for row in rows} == {"done", "broken"}
    assert all(row["bytes"] > 1000 for row in rows)
    assert runs(checkpoints, "restore", "done").stdout.strip() == str(checkpoints / "done")
    assert runs(checkpoints, "restore", "broken", "--as", "again").stdout.strip() == str(checkpoints / "again")
    runs(checkpoints, "delete", "again", "--forever", "--yes")
    assert runs(checkpoints, "bin").stdout == "The bin is empty.\n"
    runs(checkpoints, "delete", "done", "--yes")
    assert "1 run, " in runs(checkpoints, "bin", "--empty", "--yes").stdout
    assert not list((checkpoints / ".bin").iterdir())


def test_a_run_that_is_named_twice_is_deleted_once(checkpoints: Path) -> None:
    assert "the bin holds 1 run, " in runs(checkpoints, "delete", "done", "done", "--yes").stderr


def test_a_run_whose_name_begins_with_a_minus_takes_tags(checkpoints: Path) -> None:
    logs.write(checkpoints, "-minus", logs.finished("-minus"))
    assert runs(checkpoints, "tag", "--", "-minus", "+good", "hot").stdout == "good hot\n"
    assert runs(checkpoints, "tag", "--", "-minus", "-hot").stdout == "good\n"


def test_a_folder_of_runs_that_cannot_be_listed_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("no folder")
    for words in (["list"], ["show", "run"], ["bin"]):
        with pytest.raises(UsageError, match="cannot be listed: not a directory"):
            runs(tmp_path / "checkpoints", *words)


def test_delete_asks_with_the_size(checkpoints: Path) -> None:
    answer = CliRunner().invoke(cli, ["--workspace", str(checkpoints.parent), "runs", "delete", "done"], input="n\n")
    assert "to the bin (" in answer.stdout
    assert " kB)?" in answer.stdout
    assert (checkpoints / "done").exists()


def test_export_writes_tables_and_event_files_of_several_runs(checkpoints: Path, tmp_path: Path) -> None:
    words = ["export", "done", "killed", "--csv", str(tmp_path / "t"), "--tensorboard", str(tmp_path / "b")]
    folders = [tmp_path / place / name for name in ("done", "killed") for place in ("t", "b")]
    assert runs(checkpoints, *words).stdout.split() == list(map(str, folders))
    assert all(any(folder.iterdir()) for folder in folders)


@pytest.mark.parametrize("option", ["--csv", "--tensorboard"])
def test_export_into_an_empty_name_writes_nothing(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    answer = CliRunner().invoke(cli, ["--workspace", str(checkpoints.parent), "runs", "export", "done", option, ""])
    assert answer.exit_code == 2
    assert f"'{option}': the name of the folder is empty" in answer.stderr
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["done"], "needs --to SHELF-NAME, --csv DIR or --tensorboard DIR"),
        (["done", "killed", "--to", "both"], "name one run"),
        (["done", "--csv", "out", "--onnx"], "belong to --to"),
    ],
)
def test_export_says_what_is_missing(checkpoints: Path, words: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        runs(checkpoints, "export", *words)


def test_compare_prints_what_differs_results_and_differences(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    compared.write(checkpoints, "a")
    compared.write(checkpoints, "b", 0.9, optim__name="sgd", division="d2")
    shown = runs(checkpoints, "compare", "a", "b").stdout
    assert shown.startswith("! b and a have not the same films in the same splits.\n")
    for text in ("optim.name", "• sgd", "test films", "b minus a", "pp [", "over patients", RESEARCH_ONLY):
        assert text in shown
    assert "optim.clip" not in shown
    assert "\x1b" not in shown
    body = json.loads(runs(checkpoints, "compare", "b", "a", "--json").stdout)
    assert body["settings"] == {"optim.name": ["sgd", "adamw"]}
    assert body["reference"] == "b"
    assert body["runs"][0]["results"]["test"]["accuracy"]["of"] == 93
    compared.write(checkpoints, "c")
    assert "No setting differs" in runs(checkpoints, "compare", "a", "c").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["done"], "not 1"), (["done", "done"], "not 1"),
     (["done", "nobody"], "No run 'nobody'")],
)  # fmt: skip
def test_compare_needs_two_runs_that_are_there(checkpoints: Path, words: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        runs(checkpoints, "compare", *words)


def test_stop_may_wait_for_the_end_of_the_epoch(checkpoints: Path) -> None:
    run = Run(checkpoints / "killed")
    with pytest.raises(UsageError, match="not live; go on with it by: cxrtui train --resume"):
        runs(checkpoints, "stop", "killed", "--after-epoch")
    with pytest.raises(UsageError, match="Run done has finished; there is nothing to steer"):
        runs(checkpoints, "pause", "done")
    lock = run.acquire()
    try:
        with pytest.raises(UsageError, match="was not asked"):
            runs(checkpoints, "stop", "killed", "--cancel")
        assert "stop after this epoch" in runs(checkpoints, "stop", "killed", "--after-epoch").stderr
        runs(checkpoints, "stop", "killed", "--cancel")
        assert [word for word, _ in run.read_commands()] == ["stop-after-epoch", "keep-going"]
        runs(checkpoints, "stop", "killed")
        assert run.stopping()
        with pytest.raises(UsageError, match="give one of them"):
            runs(checkpoints, "stop", "killed", "--after-epoch", "--cancel")
    finally:
        lock.release()


def test_in_a_pipe_each_run_is_one_whole_line(checkpoints: Path) -> None:
    name = "20260101-120000-" + 40 * "x"
    logs.write(checkpoints, name, logs.finished(name))
    runs(checkpoints, "note", name, "word " * 60)
    lines = runs(checkpoints, "list").stdout.splitlines()
    assert len(lines) == 5
    [line] = [line for line in lines if name in line]
    assert line.rstrip().endswith(("word " * 60).strip())
