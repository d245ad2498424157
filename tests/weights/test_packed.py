"""The arrays of a pytree, packed end to end and taken apart again; and a checkpoint of a version that did not pack."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cxrtui.errors import CheckpointError
from cxrtui.weights import packed, states
from cxrtui.weights.checkpoints import Checkpoints

ARRAYS = hnp.arrays(
    dtype=st.sampled_from(["float32", "int32", "uint8", "bfloat16"]).map(jnp.dtype),
    shape=hnp.array_shapes(min_dims=0, min_side=0, max_side=3),
    elements=st.integers(0, 9),
)


@given(st.recursive(ARRAYS, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6))
def test_what_was_packed_comes_back_to_the_bit(tree: Any) -> None:
    found = packed.unpack(packed.pack(tree), packed.listed(tree), tree)
    assert jax.tree.all(jax.tree.map(lambda one, other: one.dtype == other.dtype and np.array_equal(one, other),
                                     tree, found))  # fmt: skip


def test_a_packed_array_is_a_copy() -> None:
    tree = {"kernel": jnp.arange(4.0)}
    taken = packed.pack(tree)
    tree["kernel"].delete()  # as a step does with the buffers that it takes over
    assert taken["float32"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_save_takes_one_copy_and_no_second(tmp_path: Path) -> None:
    tree = {"kernel": jnp.arange(24_000_000, dtype=jnp.float32)}
    checkpoints = Checkpoints(tmp_path / "state")
    with contextlib.closing(checkpoints):
        checkpoints.save(1, {"bias": jnp.zeros(2)}, {"count": jnp.zeros(1)}, {})  # what is imported then does not count
        checkpoints.wait()
        tracemalloc.start()
        try:
            checkpoints.save(2, tree, {"count": jnp.zeros(1)}, {})
            checkpoints.wait()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert 1.0 < peak / 96e6 < 1.5
        assert np.array_equal(checkpoints.variables(2, tree)["kernel"], tree["kernel"])


@pytest.mark.parametrize("other", [
    {"a": jnp.zeros(2), "b": jnp.zeros(3)}, {"a": jnp.zeros(3), "c": jnp.zeros(2)}, {"a": jnp.zeros(5)},
    {"a": jnp.zeros(3), "b": jnp.zeros(2, jnp.int32)},
])  # fmt: skip
def test_other_arrays_are_refused(other: dict[str, jax.Array]) -> None:
    tree = {"a": jnp.zeros(3), "b": jnp.zeros(2)}
    with pytest.raises(ValueError, match="packed"):
        packed.unpack(packed.pack(tree), packed.listed(tree), other)
    with pytest.raises(ValueError, match="more numbers"):
        packed.unpack(packed.pack([tree, other]), packed.listed(tree), tree)


def test_a_checkpoint_whose_arrays_lie_apart_is_read(tmp_path: Path) -> None:
    tree = {"kernel": jnp.arange(6, dtype=jnp.float32).reshape(2, 3), "count": jnp.int32(7)}
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as older:
        arrays = ocp.args.StandardSave(tree)
        older.save(tmp_path / "state" / "4", args=ocp.args.Composite(weights=arrays, optimizer=arrays))
    (tmp_path / "state" / "4" / "progress").mkdir()
    (tmp_path / "state" / "4" / states.POSITION).write_text(json.dumps({"step": 4}))
    checkpoints = Checkpoints(tmp_path / "state", read_only=True)
    for found in (checkpoints.variables(4, tree), checkpoints.optimizer(4, tree)):
        assert jax.tree.all(jax.tree.map(np.array_equal, tree, found))
    with pytest.raises(CheckpointError, match="not those of the network"):
        checkpoints.variables(4, {"other": jnp.zeros(2)})
