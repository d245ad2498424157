"""The work on a protocol as a process of its own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.evaluation.protocols import folder as folders
from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.evaluation.protocols.work import work
from cxrtui.process import protocol
from cxrtui.runner import drive
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.protocol import Plan, plan_of


def plan(base: Config) -> Plan:
    return plan_of("patient-kfold", base, folds=2, seeds=1, external=())


def test_films_that_cannot_be_used_are_told_to_who_began_it(tmp_path: Path, small: Callable[..., Config]) -> None:
    absent = with_values(small(), {"data.source": str(tmp_path / "nothing")})
    with pytest.raises(CxrtuiError, match=r"Protocol p did not begin: .*nothing"):
        protocol.begin(tmp_path, "p", plan(absent))


@pytest.mark.slow
def test_it_returns_once_the_films_are_divided_and_a_killed_process_is_followed_by_another(
    tmp_path: Path, small: Callable[..., Config]
) -> None:
    wanted = plan(small(optim__epochs=2))
    assert protocol.begin(tmp_path, "p", wanted) == "p"
    folder, first = ProtocolFolder(tmp_path / "p"), Run(tmp_path / "p-f1")
    assert len(folder.read_folds().folds) == 2  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="A process works on protocol p already"):
        protocol.begin(tmp_path, "p", wanted)
    end = time.monotonic() + 120
    while first.read().status != "training":
        assert time.monotonic() < end, (folder.folder / "worker.log").read_text()
        time.sleep(0.02)
    process = protocol.background._left[-1]
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert not folder.alive()
    assert work(folders.begin(tmp_path, "p", wanted), drive, lambda: False, protocol.Quiet()) is not None
    assert len(first.read().resumes) == 1
    assert folder.result_file.exists()
