"""The dashboard's process never imports JAX, whatever it is asked to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_training_classifying_and_porting_import_no_jax_here(phantom_films: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.tui.without_jax", str(phantom_films), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 0, done.stderr[-4000:]
