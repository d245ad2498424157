"""Keeps traced programs on disk, so that a second process compiles or loads a program without tracing it again.

JAX's own compilation cache keeps what XLA makes; to find it there, JAX must first trace the Python code, which takes
three times as long as to load the result. A traced program is StableHLO that `jax.export` writes and reads, and it lies
beside JAX's own files. Nothing in it is run but by XLA. All processes compile what was exported, the first one too, so
that all of them compute the same bits. On a CPU the compiled program is kept too (`linked`), and found first.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
from jax import export
from jax.tree_util import keystr, tree_leaves_with_path, treedef_tuple

from cxrtui.files import read_bytes, write_atomic
from cxrtui.net import linked
from cxrtui.net.backend import compiler_options
from cxrtui.net.sources import sources

_CHOICES = (
    "jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable",
    "jax_numpy_dtype_promotion",
)  # fmt: skip
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_PLACES = re.compile(r'^#loc.*$| loc\((?:[^()"]|"[^"]*"|\([^()]*\))*\)', re.MULTILINE)  # lines of the sources
_DIGEST = 32  # bytes of SHA-256; a file begins with that of its content, and with that of what the program computes

_log = logging.getLogger(__name__)


def compile_once(
    name: str, function: Callable[..., Any], arguments: tuple[Any, ...], result: Any, *, of: object, sharding: Any,
    donated: int = 0,
) -> CompiledFunction:  # fmt: skip
    """Return `function` compiled for `arguments`; it is traced only if no process has done that before.

    Args:
        name: of the program, in profiles and in JAX's own cache.
        function: a function of `arguments` alone.
        arguments: pytrees of arrays, or of shapes with dtypes and shardings.
        result: a pytree of the structure that `function` returns; its leaves are not looked at.
        of: all else that `function` depends on, besides its source: its ``repr`` is part of the key.
        sharding: of all leaves of the result.
        donated: how many of the first arguments the program takes over with their buffers.
    """
    if (found := link_once(name, arguments, result, of=of, donated=donated)) is not None:
        return found
    structure: Any
    ending: Any
    leaves, structure = jax.tree.flatten(arguments)
    ending = jax.tree.structure(result)
    taken = len(jax.tree.leaves(arguments[:donated]))

    def flat(first: list[Any], others: list[Any]) -> list[Any]:
        found, shape = jax.tree.flatten(function(*jax.tree.unflatten(structure, [*first, *others])))
        assert shape == ending, f"{function} returns {shape} and not {ending}"
        return found

    given, file = (leaves[:taken], leaves[taken:]), _file(name, arguments, of, donated)
    kinds = _kinds(arguments), taken, sharding
    called, digest = _exported(flat, given, kinds, file)
    lowered = jax.jit(_named(called, name), donate_argnums=0, out_shardings=sharding).lower(*given)
    if file is None or digest is None:
        program: Any = lowered.compile(compiler_options=compiler_options())
    else:  # another version of the sources may have had the same program
        program = linked.link(file.parent, name, digest, given, ending.num_leaves)
        program = program or linked.compiled(file.parent, name, digest, lowered)
    return CompiledFunction(name, program, structure, ending, taken)


def link_once(
    name: str, arguments: tuple[Any, ...], result: Any, *, of: object, donated: int = 0
) -> CompiledFunction | None:
    """Return what `compile_once` returns for these arguments, if a process has kept it whole (`linked`); else None."""
    file = _file(name, arguments, of, donated)
    if file is None or (content := _content(file)) is None:
        return None
    structure: Any
    ending: Any
    leaves, structure = jax.tree.flatten(arguments)
    ending, taken = jax.tree.structure(result), len(jax.tree.leaves(arguments[:donated]))
    program = linked.link(file.parent, name, content[0], (leaves[:taken], leaves[taken:]), ending.num_leaves)
    return None if program is None else CompiledFunction(name, program, structure, ending, taken)


class CompiledFunction:
    """A compiled function of pytrees; its first arguments, those that it takes over, may also be given as leaves.

    To take a pytree of Flax's variables apart and to put it together takes milliseconds, longer than a GPU needs for a
    step of a small batch. What goes from one call to the next can therefore stay apart.
    """

    def __init__(self, name: str, program: Callable[..., list[Any]], structure: Any, ending: Any, taken: int) -> None:
        self._name, self._program, self._structure, self._ending, self._taken = name, program, structure, ending, taken

    def __call__(self, *values: Any) -> Any:
        """Return a pytree like the result that it was compiled for, of pytrees like its arguments."""
        leaves, structure = jax.tree.flatten(values)
        self._check(structure, self._structure)
        return jax.tree.unflatten(self._ending, self._program(leaves[: self._taken], leaves[self._taken :]))

    def onward(self, first: list[Any], *others: Any) -> tuple[list[Any], Any]:
        """Return the leaves of the first element of a result that is a pair, and its second element as a pytree.

        Args:
            first: the leaves of the one argument that the program takes over, as it left them the last time.
            others: the other arguments, pytrees.
        """
        leaves, structure = jax.tree.flatten(others)
        self._check(structure, treedef_tuple(self._structure.children()[1:]))
        kept, rest = self._ending.children()
        found = self._program(first, leaves)
        return found[: kept.num_leaves], jax.tree.unflatten(rest, found[kept.num_leaves :])

    def as_text(self) -> str:
        """Return the program as XLA compiled it, in its own language."""
        text: str = self._program.as_text()  # type: ignore[attr-defined]
        return text

    def _check(self, structure: Any, expected: Any) -> None:
        if structure != expected:
            raise TypeError(f"{self._name} was compiled for other arguments: {structure} is not {expected}")


def _exported(
    flat: Callable[..., Any], given: tuple[Any, ...], kinds: object, file: Path | None
) -> tuple[Callable[..., Any], bytes | None]:
    """Return the traced program with a digest of what it computes: the one in `file`, or `flat` itself.

    The latter is then kept there, if it can be; else its digest is None. `kinds` is what a digest depends on besides.
    """
    if file is not None and (content := _content(file)) is not None:
        with suppress(ValueError):  # of another version of JAX
            return export.deserialize(bytearray(content[1])).call, content[0]
    jitted = jax.jit(flat)
    if file is None:
        return jitted, None
    try:
        fresh = export.export(jitted)(*given)
        body = bytes(fresh.serialize())
    except (NotImplementedError, ValueError) as error:  # what cannot be exported is traced by each process
        _log.debug("%s is not kept: %s", file.name, error)
        return jitted, None
    described = _ADDRESS.sub("", repr(kinds)) + _PLACES.sub("", fresh.mlir_module())
    digest = hashlib.sha256(described.encode()).digest()
    with suppress(OSError):  # a full disk, or a folder that may not be written
        write_atomic(file, hashlib.sha256(digest + body).digest() + digest + body, durable=False)
    return fresh.call, digest


def _content(file: Path) -> tuple[bytes, bytes] | None:
    """Return the digest and the program in `file`; None if there are none, or it is torn."""
    try:
        content = read_bytes(file)
    except OSError:
        return None
    if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
        return None
    return content[_DIGEST : 2 * _DIGEST], content[2 * _DIGEST :]


def _file(name: str, arguments: tuple[Any, ...], of: object, donated: int) -> Path | None:
    """Return where the program is kept; None without a compilation cache."""
    folder = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    if not folder or "://" in folder:
        return None
    return Path(folder) / f"{name}-{program_key(arguments, of, donated)}-traced"


def program_key(arguments: tuple[Any, ...], of: object, donated: int = 0) -> str:
    """Return 64 hexadecimal digits that change with all that a program depends on; arguments as in `compile_once`."""
    choices = [(choice, getattr(jax.config, choice, None)) for choice in _CHOICES]
    key = _ADDRESS.sub("", repr((sources(), jax.default_backend(), choices, _kinds(arguments), of, donated)))
    return hashlib.sha256(key.encode()).hexdigest()


def _kinds(arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return what is known of each array without its values."""
    return [
        (keystr(path), leaf.shape, str(leaf.dtype), *(getattr(leaf, what, None) for what in ("weak_type", "sharding")))
        for path, leaf in tree_leaves_with_path(arguments)
    ]


def _named(called: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return `called` under `name`, which JAX gives to the program in traces and in its cache."""

    def function(first: Any, others: Any) -> Any:
        return called(first, others)

    function.__name__ = function.__qualname__ = name
    return function
