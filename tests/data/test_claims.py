"""One process has a piece of work at a time, and a piece of a process that died is another's."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cxrtui.data import claims
from cxrtui.data.claims import ENDING, Claims


def test_a_piece_is_claimed_once_and_free_again_afterwards(tmp_path: Path) -> None:
    with Claims(tmp_path).claimed("a") as first, Claims(tmp_path).claimed("a") as second:
        assert (first, second) == (True, False)
        with Claims(tmp_path).claimed("b") as other:
            assert other
    assert not list(tmp_path.iterdir())
    with Claims(tmp_path).claimed("a") as again:
        assert again


def test_a_claim_of_a_process_of_this_machine_that_is_gone_does_not_count(tmp_path: Path) -> None:
    code = "import os; from pathlib import Path; from cxrtui.data.claims import Claims\n"
    code += f"with Claims(Path({str(tmp_path)!r})).claimed('a'): os._exit(0)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / f"a{ENDING}").is_file()
    with Claims(tmp_path).claimed("a") as ours:
        assert ours


def test_a_claim_of_another_machine_counts_as_long_as_it_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"a{ENDING}"
    file.write_text("1\nanother machine\n")
    monkeypatch.setattr(claims, "_DEAD", -1.0)  # each look comes too late for a claim that was seen before
    ours = Claims(tmp_path)
    for _ in range(2):
        with ours.claimed("a") as taken:
            assert not taken  # it is seen for the first time, or was touched
        file.touch()
        while file.stat().st_mtime_ns in [mark[1] for mark, _ in ours._seen.values()]:
            time.sleep(0.01)  # a clock of the disk may be slow
            file.touch()
    with ours.claimed("a") as taken:
        assert not taken
    with ours.claimed("a") as taken:
        assert taken  # nobody touched it since
