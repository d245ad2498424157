"""A compiled program that is kept whole is linked by the next process, and a file that is not good does no harm."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.net import linked
from cxrtui.net.layout import Layout
from cxrtui.net.traced import CompiledFunction, compile_once, link_once
from tests.compilations import compiled

LAYOUT = Layout.over()


class Program:
    """A program that JAX's own cache, which the tests share, cannot have yet."""

    def __init__(self) -> None:
        self.factor = 1.0 + secrets.randbelow(1 << 20) / (1 << 20)

    def __call__(self, state: dict[str, jax.Array], number: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
        return {name: value * np.float32(self.factor) for name, value in state.items()}, number + 1

    def arguments(self) -> tuple[dict[str, jax.Array], jax.Array]:
        state = {"a": jnp.arange(4.0, dtype=jnp.float32), "b": jnp.ones((2, 2), jnp.float32)}
        placed: tuple[dict[str, jax.Array], jax.Array] = LAYOUT.put_state((state, jnp.zeros((), jnp.int32)))
        return placed

    def compiled(self) -> CompiledFunction:
        arguments = self.arguments()
        return compile_once("scaled", self, arguments, arguments, of=self.factor, sharding=LAYOUT.state, donated=1)

    def linked(self) -> CompiledFunction | None:
        arguments = self.arguments()
        return link_once("scaled", arguments, arguments, of=self.factor, donated=1)


class Moved(Program):
    """The same program, on other lines of the sources."""

    def __call__(self, state: dict[str, jax.Array], number: jax.Array) -> tuple[dict[str, jax.Array], jax.Array]:
        return {name: value * np.float32(self.factor) for name, value in state.items()}, number + 1


def values(program: Program, function: Any) -> list[Any]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(function(*program.arguments()))]


def test_the_second_process_neither_lowers_nor_compiles(folder: Path) -> None:
    program = Program()
    assert program.linked() is None
    first = values(program, program.compiled())
    with compiled() as names:
        again = program.linked()
        assert again is not None
        second = values(program, again)
        assert names.count("scaled") == 1  # it was linked, and JAX was not asked for it
    assert all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))
    leaves, number = again.onward(jax.tree.leaves(program.arguments()[0]), program.arguments()[1])
    assert np.array_equal(leaves[0], first[0])
    assert int(number) == 1


def test_a_torn_file_and_one_of_another_machine_are_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program()
    first = values(program, program.compiled())
    (file,) = folder.glob("scaled-*-linked")
    content = file.read_bytes()
    for damaged in (content[:-1], content[:32] + bytes(len(content) - 32), b""):
        file.write_bytes(damaged)
        assert program.linked() is None
        assert all(map(np.array_equal, values(program, program.compiled()), first))
    file.write_bytes(content)
    assert program.linked() is not None
    monkeypatch.setattr(linked, "_machine", lambda: "another")
    assert program.linked() is None


def test_what_jax_had_in_its_own_cache_is_not_kept(folder: Path) -> None:
    program = Program()
    first = values(program, program.compiled())
    (file,) = folder.glob("scaled-*-linked")
    file.unlink()
    assert all(map(np.array_equal, values(program, program.compiled()), first))
    assert not [*folder.glob("scaled-*-linked")]  # a program that was read back cannot be written again


def test_a_program_is_found_though_the_sources_have_changed(folder: Path) -> None:
    program = Program()
    first = values(program, program.compiled())
    moved, arguments = Moved(), program.arguments()
    moved.factor = program.factor
    other = compile_once("scaled", moved, arguments, arguments, of="changed", sharding=LAYOUT.state, donated=1)
    assert all(map(np.array_equal, values(program, other), first))
    assert len([*folder.glob("scaled-*-traced")]) == 2
    assert len([*folder.glob("scaled-*-linked")]) == 1


def test_nothing_is_kept_where_devices_are_no_cpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked, "_kept_here", lambda: False)
    program = Program()
    values(program, program.compiled())
    assert program.linked() is None
    assert not [*folder.glob("scaled-*-linked")]
