"""The user's command at the end of a run: what it is given, and that nothing it does harms the run."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.runs.folder import Run
from cxrtui.runs.notify import notify, words_of

WRITES = "import json, os, sys; json.dump([sys.argv[2:], dict(os.environ)], open(sys.argv[1], 'w'))"


def python(code: str, *arguments: str) -> str:
    """A command line that runs `code`."""
    return shlex.join([sys.executable, "-c", code, *arguments])


def test_the_command_gets_what_happened_in_its_environment(new_run: Callable[..., Run], tmp_path: Path) -> None:
    run, out, hostile = new_run(), tmp_path / "out", 'it\'s "over"; rm -rf $HOME `id` \x1b[2J\n'
    assert notify(python(WRITES, str(out), "$CXRTUI_RUN", "a b"), run, "failed", hostile) == ""
    arguments, environment = json.loads(out.read_text())
    assert arguments == ["$CXRTUI_RUN", "a b"]  # no shell has read it
    assert environment["CXRTUI_RUN"] == "run"
    assert environment["CXRTUI_FOLDER"] == str(run.folder)
    assert environment["CXRTUI_STATUS"] == "failed"
    assert environment["CXRTUI_MESSAGE"] == 'it\'s "over"; rm -rf $HOME `id` \\x1b[2J\\x0a'


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", ""),
        ("   ", ""),
        ("/no/such/program x", "/no/such/program: "),
        ("'open", "No closing quotation"),
        (python("import sys; sys.exit('no route to\\n host')"), "exit 1: no route to host"),
        (python("print('x' * 10_000_000)"), ""),
        (python("import os; os.kill(os.getpid(), 9)"), "exit -9"),
    ],
)
def test_a_failure_is_a_reason(new_run: Callable[..., Run], command: str, reason: str) -> None:
    answer = notify(command, new_run(), "finished", "done")
    assert answer.startswith(reason) if reason else answer == ""


def test_a_command_that_hangs_is_ended_with_all_that_it_started(new_run: Callable[..., Run], tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = f"import time\nwhile True: open({str(alive)!r}, 'w').write(str(time.time())); time.sleep(0.05)"
    hangs = python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])")
    assert notify(hangs, new_run(), "finished", "done", seconds=1.5) == "it took more than 1.5 s and was ended"
    assert alive.exists()
    before = alive.read_text()
    time.sleep(0.3)
    assert alive.read_text() == before


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert words_of("~/bin/tell-me '~/x y'") == [f"{tmp_path}/bin/tell-me", "~/x y"]
