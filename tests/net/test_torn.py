"""Torn entries of JAX's cache of compiled programs are removed, and others stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cxrtui.net.torn import remove_torn

COMPILE = """
import jax
from cxrtui.net import backend
backend.prepare()
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_enable_compilation_cache", True)
print(jax.jit(lambda x: x * 3 + 1)(4.0))
"""


def compiled(place: Path) -> tuple[Path, str]:
    """Compile a program in a process of its own; return its entry in the cache, and what was said."""
    environment = {name: text for name, text in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    done = subprocess.run([sys.executable, "-c", COMPILE], env={**environment, "CXRTUI_CACHE_DIR": str(place)},
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "13.0\n"
    (entry,) = (place / "xla").glob("jit__lambda*-cache")
    return entry, done.stderr


def test_an_entry_of_jax_that_was_torn_is_written_again(tmp_path: Path) -> None:
    entry, _ = compiled(tmp_path)
    whole = entry.stat().st_size
    assert remove_torn(tmp_path / "xla") == []
    os.truncate(entry, whole // 2)
    again, said = compiled(tmp_path)
    assert (again, again.stat().st_size, said) == (entry, whole, "")


def test_an_entry_that_was_looked_at_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a-cache").write_bytes(b"no entry")
    (tmp_path / "b-cache").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"no entry")
    assert sorted(path.name for path in remove_torn(tmp_path)) == ["a-cache", "b-cache"]
    (tmp_path / "old-cache").write_bytes(b"no entry")
    os.utime(tmp_path / "old-cache", (1e9, 1e9))
    assert remove_torn(tmp_path) == []
    assert remove_torn(tmp_path / "missing") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [".checked", "old-cache", "other"]
