"""What hosts say of themselves, and which of them failed first."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.runs import hosts
from cxrtui.runs.hosts import Place, Report, Roster, Watch


def test_the_cause_comes_before_what_follows_from_it() -> None:
    cut, aborted = Report(0, ended="cut"), Report(2, ended="aborted")
    died, silent = Report(1, ended="died"), Report(3, ended="silent")
    assert hosts.cause([cut, died, aborted]) == died
    assert hosts.cause([died, silent]) == silent
    assert hosts.cause([cut, aborted]) == aborted
    assert hosts.cause([Report(0), Report(1, ended="over"), Report(2, ended="killed")]) is None


def test_a_host_without_a_beat_is_silent_and_one_that_has_ended_is_not(tmp_path: Path) -> None:
    hosts.write(tmp_path, Report(0, "node", beat=1))
    hosts.write(tmp_path, Report(1, "node", beat=1, ended="over"))
    watch = Watch(tmp_path, [0, 1, 2], silence=-1.0)
    seen = watch.look()
    assert [report.ended for report in seen.values()] == ["silent", "over", "silent"]
    assert seen[0].name == "host 0 (node)"
    patient = Watch(tmp_path, [0], silence=60.0)
    assert patient.look()[0].ended == ""
    assert not patient.fresh(0)  # the file may be of an earlier run
    hosts.write(tmp_path, Report(0, "node", beat=2))
    assert patient.look()[0].beat == 2
    assert patient.fresh(0)


def test_what_came_at_the_same_step_of_the_same_host_came_again() -> None:
    before = Report(1, ended="died", step=57)
    assert hosts.came_again(before, Report(1, ended="died", step=56))
    for other in (
        Report(1, ended="died", step=20),
        Report(0, ended="died", step=57),
        Report(1, ended="fault", step=57),
    ):
        assert not hosts.came_again(before, other)
    assert not hosts.came_again(None, before)
    silent = Report(1, ended="silent")
    assert not hosts.came_again(silent, silent), "it trains no more"


def test_the_time_in_which_this_process_was_stopped_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    hosts.write(tmp_path, Report(0))
    watch = Watch(tmp_path, [0], silence=30.0)
    watch.look()
    now += 500.0
    assert watch.look()[0].ended == ""
    for _ in range(8):
        now += 4.0
        ended = watch.look()[0].ended
    assert ended == "silent"


def test_how_an_earlier_training_ended_does_not_count(tmp_path: Path) -> None:
    hosts.write(tmp_path, Report(0, token="second", of="first", ended="died", beat=1))
    assert Watch(tmp_path, [0], 60.0, {0: "first"}).look()[0].ended == "died"
    assert Watch(tmp_path, [0], 60.0, {0: "second"}).look()[0].ended == ""


def test_a_torn_file_changes_nothing(tmp_path: Path) -> None:
    hosts.write(tmp_path, Report(0, beat=3))
    watch = Watch(tmp_path, [0], silence=60.0)
    watch.look()
    for text in ("", "{", "[]", '{"host": 0, "other": 1}'):
        hosts.host_file(tmp_path, 0).write_text(text)
        assert watch.look()[0].beat == 3
        hosts.roster_file(tmp_path).write_text(text)
        assert hosts.read_roster(tmp_path) is None


def test_hosts_that_are_left_have_new_places(tmp_path: Path) -> None:
    roster = Roster({0: "a", 2: "b", 3: "c"}, "node:1", True, {"run": {"seed": 1}})
    hosts.write_roster(tmp_path, roster)
    assert hosts.read_roster(tmp_path) == roster
    assert roster.place(2) == Place(1, 3, "node:1")
