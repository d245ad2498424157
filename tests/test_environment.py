"""JAX has heard what conftest.py says by variables of the environment, which it reads once, when it is imported."""

from __future__ import annotations

import os

import jax


def test_jax_is_strict_and_keeps_compiled_programs() -> None:
    heard = {name: jax.config.values[name] for name in (
        "jax_numpy_dtype_promotion", "jax_numpy_rank_promotion", "jax_compilation_cache_dir", "jax_platforms",
    )}  # fmt: skip
    assert heard == {name: os.environ[name.upper()] for name in heard}
