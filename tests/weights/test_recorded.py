"""A run's settings and its state folder, changed behind its back: what the checkpoint itself says is compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest

from cxrtui.errors import CheckpointError
from cxrtui.net import build
from cxrtui.settings import config
from cxrtui.training.restore import restore
from cxrtui.weights import recorded, restored, states
from cxrtui.weights.checkpoints import Checkpoints

BEGAN: dict[str, Any] = {"model.width": 8, "model.hidden": (16,), "data.size": 64, "data.positive": ("COVID-19",)}


def saved(run: Path, identity: str = "", **about: Any) -> Path:
    """The state folder of a run with one checkpoint, of step 3."""
    run.mkdir(exist_ok=True)
    if identity:
        (run / "manifest.json").write_text(json.dumps({"id": identity}))
    checkpoints = Checkpoints(run / "state")
    position = {"step": 3, "epoch_loss": 0.0, "epoch_correct": 0.0, "epoch_seconds": 0.0, "validated": True,
                "stopper": {"best": None, "best_epoch": 0, "best_step": 0, "waited": 0}, "fingerprint": ""}  # fmt: skip
    checkpoints.save(3, {"bias": jnp.zeros(2)}, {"count": jnp.zeros(())}, {**position, **about})
    checkpoints.close()
    return run / "state"


@pytest.mark.parametrize(("key", "value", "said"), [
    ("data.size", 96, "data.size=64, and the run's config.toml now says 96"),
    ("data.resize_mode", "pad", "data.resize_mode=stretch, .* now says pad"),
    ("data.positive", ("COVID-19", "SARS"), "data.positive=COVID-19, .* now says COVID-19,SARS"),
    ("data.negative", ("normal",), "data.negative=nothing, .* now says normal"),
    ("data.views", ("PA",), "data.views=frontal, .* now says PA"),
    ("model.width", 4, "model.width=8, .* now says 4"),
    ("model.stages", (1, 1, 1, 2), "model.stages=3,4,6,3, .* now says 1,1,1,2"),
    ("model.hidden", (), "model.hidden=16, .* now says nothing"),
    ("model.precision", "bfloat16", "model.precision=auto, .* now says bfloat16"),
])  # fmt: skip
def test_a_setting_that_was_changed_is_named_with_both_values(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    began = config.with_values(config.Config(), BEGAN)
    state = saved(tmp_path / "run", settings=recorded.settings(began))
    checkpoints = Checkpoints(state, read_only=True)
    now = config.with_values(began, {key: value})
    for read in (
        lambda: restore(now, checkpoints, 3),
        lambda: restored.restored(now, checkpoints, 3, checkpoints.progress(3)),
    ):
        with pytest.raises(CheckpointError, match=f"state/3 was trained with {said}; put .* back there, or"):
            read()
    restore(began, checkpoints, 3)
    if key == "data.resize_mode":  # as an older checkpoint calls it
        told = recorded.settings(began)
        told["data.fit"] = told.pop(key)
        older = Checkpoints(saved(tmp_path / "older-name", settings=told), read_only=True)
        restore(began, older, 3)
        with pytest.raises(CheckpointError, match=said):
            restore(now, older, 3)
    # What may be changed for a resume, and an older checkpoint without the record.
    restore(config.with_values(began, {"optim.epochs": 99, "model.dropout": 0.1}), checkpoints, 3)
    restore(now, Checkpoints(saved(tmp_path / "older"), read_only=True), 3)


def test_an_older_checkpoint_is_compared_by_the_network_that_it_describes(tmp_path: Path) -> None:
    began = config.with_values(config.Config(), BEGAN)
    state = saved(tmp_path / "older", spec=build.spec_of(began).as_dict())
    checkpoints = Checkpoints(state, read_only=True)
    restore(began, checkpoints, 3)
    with pytest.raises(CheckpointError, match=r"trained with model.width=8, .* now says 32"):
        restore(config.with_values(began, {"model.width": 32}), checkpoints, 3)


def test_a_network_that_does_not_fit_is_our_own_sentence(tmp_path: Path) -> None:
    checkpoints = Checkpoints(saved(tmp_path / "run"), read_only=True)
    for like in ({"bias": jnp.zeros(5)}, {"kernel": jnp.zeros(2)}):
        with pytest.raises(CheckpointError) as told:
            checkpoints.variables(3, like)
        assert str(told.value) == (
            f"The weights in checkpoint {tmp_path}/run/state/3 are not those of the network in the run's config.toml, "
            "or are torn; put config.toml back as it was, or start a new run."
        )


def test_the_checkpoint_of_another_run_is_noticed(tmp_path: Path) -> None:
    ours, theirs, nameless = (saved(tmp_path / name, name[:1] * 3 * (name != "x")) for name in ("ours", "theirs", "x"))
    states.verify(ours, 3)
    for foreign, accepted in ((theirs, False), (nameless, True)):
        shutil.rmtree(ours / "3")
        shutil.copytree(foreign / "3", ours / "3")
        assert states.sound(ours, 3, states.ITEMS) is accepted
    shutil.rmtree(ours / "3")
    shutil.copytree(theirs / "3", ours / "3")
    message = r"state/3 of step 3 is not of this run \(run theirs saved it\); put this run's own back"
    for read in (lambda: states.verify(ours, 3), lambda: states.go_back(ours, 3), lambda: Checkpoints(ours).best()):
        with pytest.raises(CheckpointError, match=message):
            read()
    # A run that was renamed or copied whole stays itself; so does one whose manifest.json is gone.
    shutil.copytree(tmp_path / "theirs", tmp_path / "copy")
    states.verify(tmp_path / "copy" / "state", 3)
    (tmp_path / "ours" / "manifest.json").write_text("[]")
    states.verify(ours, 3)
