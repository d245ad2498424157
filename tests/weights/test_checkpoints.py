"""What lies in a run's folder of checkpoints: after a save, a removal, a kill, and what others put there."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import pytest

from cxrtui.errors import CheckpointError
from cxrtui.weights import digests, states
from cxrtui.weights.checkpoints import Checkpoints

SAVER = """
import sys, pathlib
import jax.numpy as jnp
from cxrtui.weights.checkpoints import Checkpoints
checkpoints = Checkpoints(pathlib.Path(sys.argv[1]))
for step in range((checkpoints.latest() or 0) + 1, 10_000):
    array = {"kernel": jnp.full((64, 1024), step, jnp.float32)}
    checkpoints.save(step, array, array, {"step": step, "best_step": step - step % 3})
    checkpoints.wait()
    print(step, flush=True)
"""


def names(state: Path) -> list[str]:
    return sorted(item.name for item in state.iterdir())


def save(checkpoints: Checkpoints, step: int, best: int) -> None:
    array = {"kernel": jnp.full((4,), step, jnp.float32)}
    checkpoints.save(step, array, array, {"step": step, "best_step": best})
    checkpoints.wait()


def test_a_save_is_one_folder_whose_files_are_all_named_by_their_digests(tmp_path: Path) -> None:
    state = tmp_path / "state"
    checkpoints = Checkpoints(state)
    save(checkpoints, 7, 7)
    checkpoints.close()
    assert names(state) == ["7"]
    assert {*states.ITEMS, digests.DIGESTS} <= set(names(state / "7"))
    files = {item.relative_to(state / "7").as_posix() for item in (state / "7").rglob("*") if item.is_file()}
    named = set(json.loads((state / "7" / digests.DIGESTS).read_text())["files"])
    assert files - named == {digests.DIGESTS}
    assert json.loads((state / "7" / states.POSITION).read_text())["best_step"] == 7


def test_the_latest_the_best_and_the_best_before_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "state")
    story = [(1, 1, "1"), (2, 1, "1 2"), (3, 3, "1 3"), (4, 3, "3 4"), (5, 5, "3 5"), (6, 0, "5 6")]
    for step, best, kept in story:
        save(checkpoints, step, best)
        checkpoints.prune()
        assert names(tmp_path / "state") == kept.split()
    checkpoints.close()
    assert (checkpoints.latest(), checkpoints.best()) == (6, 6)


def test_nothing_is_removed_where_the_latest_cannot_be_read(tmp_path: Path) -> None:
    state = tmp_path / "state"
    checkpoints = Checkpoints(state)
    for step in (1, 2, 3):
        save(checkpoints, step, 1)
    assert names(state) == ["1", "2", "3"]  # the next save removes what this one has made needless
    (state / "3" / states.POSITION).write_text("{")
    checkpoints.prune()
    assert names(state) == ["1", "2", "3"]
    checkpoints.close()


def test_what_a_killed_process_left_is_swept_by_the_next_and_never_by_a_reader(tmp_path: Path) -> None:
    state = tmp_path / "state"
    checkpoints = Checkpoints(state)
    save(checkpoints, 4, 4)
    checkpoints.close()
    left = ["3.removing", "5.saving", "5.saving.orbax-checkpoint-tmp"]
    for name in left:
        (state / name / "weights").mkdir(parents=True)
    assert Checkpoints(state, read_only=True).latest() == 4
    assert names(state) == sorted(["4", *left])
    assert Checkpoints(state).latest() == 4
    assert names(state) == ["4"]


@pytest.mark.slow
def test_a_kill_leaves_whole_checkpoints_and_the_last_one_that_was_said(tmp_path: Path) -> None:
    state, steps = tmp_path / "state", []
    for saves in (4, 7):
        with subprocess.Popen([sys.executable, "-c", SAVER, str(state)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(saves):
                steps.append(int(process.stdout.readline()))
            process.kill()  # while it saves or removes one
            steps += map(int, process.stdout.read().split())
        assert states.steps(state)[-1] >= steps[-1]
        for step in states.steps(state):
            states.verify(state, step)
        latest = states.steps(state)[-1]
        assert Checkpoints(state, read_only=True).best() == (latest - latest % 3 or latest)


async def _two_torn_arrays(reason: str) -> None:
    """As Orbax reads arrays: all at once, and the first error ends the loop under the others."""

    async def read() -> None:
        raise ValueError(reason)

    tasks = [asyncio.ensure_future(read()) for _ in range(2)]
    await asyncio.sleep(0)
    await tasks[0]


@pytest.mark.parametrize(("reason", "kept"), [("torn [tensorstore_spec='{}']", 0), ("another fault", 1)])
def test_only_the_other_errors_of_a_torn_checkpoint_are_kept_quiet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, reason: str, kept: int
) -> None:
    with pytest.raises(CheckpointError, match="is damaged"):
        Checkpoints(tmp_path, read_only=True).variables(1, {})
    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(ValueError, match=reason[:4]):
        asyncio.run(_two_torn_arrays(reason))
    gc.collect()
    assert len([record for record in caplog.records if record.name == "asyncio"]) == kept


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("kind", [os.mkfifo, lambda path: path.symlink_to(path.name), Path.touch])
def test_what_is_no_folder_holds_no_checkpoints(tmp_path: Path, kind: Callable[[Path], None], read_only: bool) -> None:
    kind(tmp_path / "state")
    with pytest.raises(CheckpointError, match="state is no folder of checkpoints; check what is there"):
        Checkpoints(tmp_path / "state", read_only=read_only)
