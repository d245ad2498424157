"""Where arrays live, and how they come there."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from cxrtui.net import layout as layouts
from cxrtui.net.layout import Layout


def test_a_layout_is_a_value() -> None:
    layout = Layout.over()
    assert layout == Layout.over(jax.devices()[:1])
    assert hash(layout) == hash(Layout.over())
    assert layout.batch.spec == PartitionSpec("data")
    placed = layout.put_batch({"images": np.zeros((4, 2), np.uint8)})["images"]
    assert (placed.sharding, placed.dtype) == (layout.batch, np.uint8)
    abstract = layout.abstract_state({"kernel": jax.ShapeDtypeStruct((3,), np.float32)})["kernel"]
    assert (abstract.shape, abstract.sharding) == ((3,), layout.state)


def test_several_processes_put_the_same_arrays_as_one() -> None:
    layout = Layout.over()
    tree = {"images": np.arange(8, dtype=np.uint8).reshape(4, 2), "key": jax.random.key(3), "rate": np.float32(0.5),
            "mean": jnp.arange(4, dtype=jnp.bfloat16)}  # fmt: skip
    placed = layout.put_state(tree)
    for name, leaf in tree.items():
        found = layouts._everywhere(leaf, layout.state)
        assert found.dtype == placed[name].dtype
        assert found.sharding.is_equivalent_to(layout.state, found.ndim)
        assert jnp.array_equal(found, placed[name])
        assert layouts._everywhere(found, layout.state) is found
    rows = layout.rows(4)
    assert (rows.start, rows.stop) == (0, 4)
    assert jnp.array_equal(layout.put_rows(tree["images"][rows], 4), layout.put_batch(tree["images"]))
