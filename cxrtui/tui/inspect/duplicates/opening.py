"""Opens films with the system's own program for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxrtui.errors import UsageError


def opener(environment: Mapping[str, str], platform: str = sys.platform) -> str | None:
    """Return the program that opens a file as the desktop does; None where there is none, or no display."""
    if platform == "darwin":
        return shutil.which("open")
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open")
    return None


def open_with_system(paths: Sequence[Path]) -> None:
    """Open the films at `paths`, which are absolute; this waits for no program.

    Raises:
        UsageError: nothing here opens files, or it cannot be started.
    """
    program = opener(os.environ)
    if program is None:
        raise UsageError("no program opens films here: this terminal has no display (over ssh it rarely has one)")
    for path in paths:
        try:
            subprocess.Popen(
                [program, os.fspath(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UsageError(f"{program} cannot be started: {error.strerror or error}") from None
