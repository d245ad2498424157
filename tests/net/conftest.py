"""What the tests of compiled programs that are kept on disk share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jax
import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A compilation cache of the test's own."""
    before = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))  # type: ignore[no-untyped-call]
    yield tmp_path
    jax.config.update("jax_compilation_cache_dir", before)  # type: ignore[no-untyped-call]
