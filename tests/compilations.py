"""Which programs are compiled, or taken from a cache on the disk, while a test runs; and for how many devices."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from cxrtui.net import linked

_EVENT = "/jax/core/compile/backend_compile_duration"


@contextlib.contextmanager
def compiled() -> Iterator[list[str]]:
    """The names of the programs compiled so far within the block, in order.

    That JAX still tells of them is tested first, with a program that cannot have been compiled before: a test that
    counts none must not pass because an event has another name.
    """
    names: list[str] = []

    def listener(event: str, seconds: float, **about: object) -> None:
        if event == _EVENT:
            names.append(str(about.get("fun_name", "")))

    def link(folder: Path, name: str, *arguments: Any) -> Any:
        if (found := linked_before(folder, name, *arguments)) is not None:
            names.append(name)
        return found

    jax.monitoring.register_event_duration_secs_listener(listener)
    linked_before = linked.link
    linked.link = link
    try:

        def control(number: jax.Array) -> jax.Array:
            return number + 1

        jax.jit(control)(jnp.zeros(()))
        assert any("control" in name for name in names), "JAX tells of compilations in another way now"
        names.clear()
        yield names
    finally:
        linked.link = linked_before
        jax.monitoring.unregister_event_duration_listener(listener)


def devices(count: int) -> dict[str, str]:
    """The variable of the environment with which a process has this many devices, and compiles as this one does."""
    return {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"}
