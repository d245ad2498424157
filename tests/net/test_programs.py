from __future__ import annotations

import jax
import jax.numpy as jnp

from cxrtui.net.programs import Programs, kind


def test_what_was_used_last_is_kept() -> None:
    programs, compiled = Programs[str](most=2), list[str]()

    def get(key: str) -> str:
        def compile() -> str:
            compiled.append(key)
            return key.upper()

        return programs.get(key, compile)

    assert [get(key) for key in "abacab"] == list("ABACAB")
    assert "".join(compiled) == "abcb"


def test_a_kind_is_the_structure_and_what_each_leaf_is() -> None:
    tree = {"a": jnp.zeros(3), "b": jnp.zeros((), jnp.int32)}
    assert kind(tree) == kind(jax.tree.map(lambda leaf: leaf + 1, tree))
    assert hash(kind(tree)) == hash(kind(dict(tree)))
    for other in ({**tree, "a": jnp.zeros(4)}, {**tree, "a": jnp.zeros(3, jnp.bfloat16)}, {**tree, "c": tree["a"]},
                  {"c": tree["a"], "b": tree["b"]}):  # fmt: skip
        assert kind(other) != kind(tree)
