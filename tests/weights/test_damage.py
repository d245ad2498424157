"""What a checkpoint's digests notice: any bit of any file, a file cut or gone, folders changed over, what is old."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.errors import CheckpointError, UsageError
from cxrtui.weights import digests, states
from cxrtui.weights.checkpoints import Checkpoints


def tree(seed: int) -> dict[str, Any]:
    """Arrays as a network has them, small."""
    values = np.random.default_rng(seed).normal(size=(8, 64)).astype(np.float32)
    return {"kernel": jnp.asarray(values), "bias": jnp.full((5,), seed, jnp.float32)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the checkpoints of steps 5, the best, and 9."""
    state = tmp_path_factory.mktemp("run") / "state"
    checkpoints = Checkpoints(state)
    for step in (5, 9):
        position = {"step": step, "best_step": 5, "labels": ["a", "b"]}
        checkpoints.save(step, tree(step), {"moment": tree(100 + step)}, position)
    checkpoints.close()
    return state


@pytest.fixture
def state(saved: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return Path(shutil.copytree(saved, tmp_path / "run" / "state"))


def read(state: Path, step: int) -> list[Any]:
    """All that a resume reads."""
    checkpoints = Checkpoints(state, read_only=True)
    moment = checkpoints.optimizer(step, {"moment": tree(0)})
    return [checkpoints.progress(step), checkpoints.variables(step, tree(0)), moment]


def files_of(state: Path, step: int) -> list[Path]:
    return sorted(file for file in (state / str(step)).rglob("*") if file.is_file())


def test_what_was_saved_is_read(state: Path) -> None:
    position, weights, _ = read(state, 9)
    assert position["labels"] == ["a", "b"]
    assert np.array_equal(weights["kernel"], tree(9)["kernel"])
    assert states.steps(state) == [5, 9]


def test_no_flipped_bit_goes_unnoticed(state: Path) -> None:
    chance = random.Random(0)
    flips = [(file, chance.randrange(8 * file.stat().st_size)) for file in files_of(state, 9) for _ in range(6)]
    assert len(flips) > 60
    listed = state / "9" / digests.DIGESTS
    flips += [(listed, bit) for bit in range(0, 8 * listed.stat().st_size, 61)]
    for file, bit in flips:
        whole = file.read_bytes()
        torn = bytearray(whole)
        torn[bit // 8] ^= 1 << bit % 8
        file.write_bytes(torn)
        with pytest.raises(CheckpointError, match=r"step 9 is damaged \(.*\); the one of step 5 is sound.*--step 5"):
            states.verify(state, 9)
        file.write_bytes(whole)
    read(state, 9)


@pytest.mark.parametrize("item", ["weights", "optimizer", "progress"])
def test_each_read_looks_at_its_own_files(state: Path, item: str) -> None:
    file = max((state / "9" / item).rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{item}/.* is not what was saved"):
        read(state, 9)
    file.unlink()
    with pytest.raises(CheckpointError, match=f"{item}/.* is missing"):
        read(state, 9)


def test_folders_that_were_changed_over_are_noticed(state: Path) -> None:
    (state / "5").rename(state / "x")
    (state / "9").rename(state / "5")
    (state / "x").rename(state / "9")
    for step in (5, 9):
        with pytest.raises(CheckpointError, match="of another checkpoint"):
            read(state, step)
    shutil.rmtree(state / "5" / "weights")
    shutil.copytree(state / "9" / "weights", state / "5" / "weights")
    with pytest.raises(CheckpointError, match="damaged"):
        read(state, 5)


def test_digests_that_are_gone_are_noticed_and_an_older_version_had_none(state: Path) -> None:
    (state / "9" / digests.DIGESTS).unlink()
    with pytest.raises(CheckpointError, match=r"digests.json is missing"):
        read(state, 9)
    place = state / "9" / states.POSITION
    place.write_text(json.dumps({"step": 9, "best_step": 5}))
    assert read(state, 9)[0]["best_step"] == 5
    assert not Checkpoints(state, read_only=True).sealed(9)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_never_read(tmp_path: Path, value: float) -> None:
    checkpoints = Checkpoints(tmp_path / "state")
    checkpoints.save(1, {"bias": jnp.asarray([1.0, value])}, {"count": jnp.zeros(())}, {"step": 1})
    checkpoints.close()
    with pytest.raises(CheckpointError, match="not all finite"):
        checkpoints.variables(1, {"bias": jnp.zeros(2)})


def test_what_a_position_is_replaced_by_is_sealed_too(state: Path) -> None:
    checkpoints = Checkpoints(state)
    checkpoints.save(9, tree(9), tree(0), {"step": 9, "best_step": 9})
    checkpoints.close()
    assert read(state, 9)[0]["best_step"] == 9
    # Killed between the two writes, either is the position.
    text = (state / "9" / states.POSITION).read_text()
    digests.replace(state / "9", 9, states.POSITION, text.replace('"best_step": 9', '"best_step": 5'))
    (state / "9" / states.POSITION).write_text(text)
    assert read(state, 9)[0]["best_step"] == 9


def test_going_back_sets_aside_what_is_later_or_damaged(state: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint of step 7; there are: 5, 9"):
        states.go_back(state, 7)
    shutil.copytree(state / "9", state / "12")
    with pytest.raises(CheckpointError, match=r"step 12 is damaged.*--step 9"):
        states.go_back(state, 12)
    file = max(files_of(state, 5), key=lambda path: path.stat().st_size)
    file.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"step 5 is damaged.*--step 9"):
        states.verify(state, 5)
    states.go_back(state, 9)
    assert states.steps(state) == [9]
    checkpoints = Checkpoints(state)
    assert checkpoints.best() == 9
    checkpoints.save(10, tree(10), tree(0), {"step": 10, "best_step": 10})
    checkpoints.close()
    assert sorted(item.name for item in state.iterdir()) == ["10", "9"]


def test_a_best_that_is_missing_is_no_silent_other(state: Path) -> None:
    shutil.rmtree(state / "5")
    with pytest.raises(CheckpointError, match=r"step 5 is damaged \(it is missing\).*--step 9"):
        Checkpoints(state, read_only=True).best()


@pytest.mark.parametrize("name", ["١٢", "²", "1" * 23, "007", "-3", "4.0", "9.saving", "9.orbax-checkpoint-tmp", "٩"])
def test_a_folder_of_another_name_is_no_step(state: Path, name: str) -> None:
    (state / name).mkdir()
    assert states.steps(state) == [5, 9]
    checkpoints = Checkpoints(state)
    checkpoints.prune()
    assert (checkpoints.latest(), checkpoints.best()) == (9, 5)
