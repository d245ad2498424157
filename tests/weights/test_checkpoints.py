"""What lies in a run's folder of checkpoints: after a save, a removal, a kill, and what others put there."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
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


def test_what_a_failed_save_still_writes_is_removed_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    checkpoints = Checkpoints(state)
    save(checkpoints, 4, 4)
    checkpoints.wait()

    def write_on() -> None:
        late = state / "5.saving" / "optimizer" / "late"
        for _ in range(30):
            with contextlib.suppress(OSError):  # it is being removed
                late.parent.mkdir(parents=True, exist_ok=True)
                late.write_bytes(b"late")
            time.sleep(0.01)

    writer = threading.Thread(target=write_on)
    (state / "5.saving").mkdir()  # Orbax refuses to write where something is
    writer.start()
    with pytest.raises(CheckpointError, match="that of step 4 is safe"):
        save(checkpoints, 5, 5)
    writer.join()
    assert names(state) == ["4"]
    checkpoints.close()


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


def files_of(folder: Path) -> dict[str, int]:
    """The files of a folder, with the number of the file system that tells one from another."""
    return {item.relative_to(folder).as_posix(): item.stat().st_ino for item in folder.rglob("*") if item.is_file()}


def test_frozen_arrays_are_written_once_as_long_as_the_same_are_frozen(tmp_path: Path) -> None:
    state = tmp_path / "state"

    def variables(step: int, *frozen: str) -> dict[str, Any]:
        return {"trainable": {"head": jnp.full((3,), step)}, "frozen": {name: jnp.arange(5.0) for name in frozen}}

    checkpoints = Checkpoints(state)
    story = {1: ("stem", "stage1"), 2: ("stem", "stage1"), 3: ("stem",), 4: ()}
    for step, frozen in story.items():
        checkpoints.save(step, variables(step, *frozen), {"count": jnp.int32(step)}, {"step": step, "best_step": 1})
        checkpoints.wait()
        if step == 2:
            first, second = (files_of(state / str(step)) for step in (1, 2))
            assert {name for name in first if first[name] == second.get(name)} == {
                name for name in first if name.startswith("frozen/")
            }
            states.verify(state, 2)
    checkpoints.close()
    assert names(state) == ["1", "4"]
    assert "frozen" not in names(state / "4")
    for step in (1, 4):
        found = checkpoints.variables(step, variables(0, *story[step]))
        assert jax.tree.all(jax.tree.map(np.array_equal, found, variables(step, *story[step])))


def test_damage_to_frozen_arrays_is_not_sealed_by_the_next_save(tmp_path: Path) -> None:
    state = tmp_path / "state"
    checkpoints = Checkpoints(state)
    tree = {"trainable": {"head": jnp.zeros(3)}, "frozen": {"stem": jnp.arange(500.0)}}
    checkpoints.save(1, tree, {"count": jnp.int32(1)}, {"step": 1, "best_step": 1})
    checkpoints.wait()
    largest = max((state / "1" / "frozen").rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    torn = bytearray(largest.read_bytes())
    torn[-1] ^= 1
    largest.write_bytes(torn)
    checkpoints.save(2, tree, {"count": jnp.int32(2)}, {"step": 2, "best_step": 1})
    checkpoints.close()
    for step in (1, 2):
        with pytest.raises(CheckpointError, match=r"damaged \(frozen/.* is not what was saved"):
            checkpoints.variables(step, tree)
