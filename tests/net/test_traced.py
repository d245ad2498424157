"""A program that was traced before is compiled from its file, with the same results; a bad file does no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.net.layout import Layout
from cxrtui.net.traced import CompiledFunction, compile_once

LAYOUT = Layout.over()


class Traced:
    """A function that counts how often it is traced."""

    def __init__(self, factor: float = 2.0) -> None:
        self.count, self.factor = 0, factor

    def __call__(self, state: dict[str, jax.Array], key: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
        self.count += 1
        moved = {name: value * jnp.asarray(self.factor, value.dtype) for name, value in state.items()}
        return moved, jax.random.normal(key, (3,))


def arguments() -> tuple[dict[str, jax.Array], jax.Array]:
    state: dict[str, jax.Array] = LAYOUT.put_state({"a": jnp.arange(4.0), "b": jnp.ones((2, 2))})
    return state, LAYOUT.put_state(jax.random.key(1))


def compiled(function: Traced, of: object = "program") -> CompiledFunction:
    state, key = arguments()
    return compile_once("doubled", function, (state, key), (state, key), of=of, sharding=LAYOUT.state, donated=1)


def test_it_is_traced_once_and_computes_the_same(folder: Path) -> None:
    first, second = Traced(), Traced()
    results = [compiled(function)(*arguments()) for function in (first, second)]
    assert (first.count, second.count) == (1, 0)
    assert all(np.array_equal(x, y) for x, y in zip(*map(jax.tree.leaves, results), strict=True))
    state, numbers = arguments()[0], results[0][1]
    assert np.array_equal(results[0][0]["a"], 2 * state["a"])
    assert np.array_equal(numbers, jax.random.normal(jax.random.key(1), (3,)))
    assert len(list(folder.glob("doubled-*-traced"))) == 1


def test_leaves_go_from_call_to_call_as_pytrees_do(folder: Path) -> None:
    function = compiled(Traced())
    state, key = arguments()
    leaves = jax.tree.leaves(arguments()[0])  # the function takes over the buffers of both
    for _ in range(2):
        state, expected = function(state, key)
        leaves, numbers = function.onward(leaves, key)
        assert np.array_equal(numbers, expected)
    assert all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(state), leaves, strict=True))
    with pytest.raises(TypeError, match="doubled was compiled for other arguments"):
        function.onward(leaves, {"key": key})


def test_another_program_is_another_file(folder: Path) -> None:
    for factor in (2.0, 3.0):
        result, _ = compiled(Traced(factor), of=("program", factor))(*arguments())
        assert result["a"][1] == factor
    assert len(list(folder.glob("doubled-*-traced"))) == 2


@pytest.mark.parametrize("damage", [lambda body: b"", lambda body: body[:-7], lambda body: b"\0" * len(body)])
def test_a_damaged_file_is_replaced(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    compiled(Traced())
    (file,) = folder.glob("doubled-*-traced")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = Traced()
    compiled(again)(*arguments())
    assert again.count == 1
    assert len(file.read_bytes()) == len(whole)


def test_it_takes_over_buffers_and_refuses_other_arguments(folder: Path) -> None:
    program, (state, key) = compiled(Traced()), arguments()
    program(state, key)
    assert state["a"].is_deleted()
    with pytest.raises(TypeError, match="compiled for other arguments"):
        program({"a": jnp.arange(4.0)}, key)


def test_without_a_cache_it_is_compiled_all_the_same(folder: Path) -> None:
    jax.config.update("jax_compilation_cache_dir", None)  # type: ignore[no-untyped-call]
    assert compiled(Traced())(*arguments())[0]["a"][3] == 6.0
    assert not list(folder.glob("*-traced"))
