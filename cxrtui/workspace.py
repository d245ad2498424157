"""Where cxrtui keeps things on disk: in the workspace's two folders and in the user's cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """A folder that holds `checkpoints/` (runs), `models/` (the shelf) and perhaps a `cxrtui.toml`."""

    root: Path

    @property
    def checkpoints(self) -> Path:
        """The folder of runs."""
        return self.root / "checkpoints"

    @property
    def models(self) -> Path:
        """The shelf of networks and finished classifiers."""
        return self.root / "models"

    @property
    def config_file(self) -> Path:
        """The workspace's own defaults, which need not exist."""
        return self.root / "cxrtui.toml"


def expand(path: str | Path) -> Path:
    """`path` with a leading ``~`` resolved; unchanged where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_root() -> Path:
    """Folder for what can always be made again: compiled programs and prepared films.

    `CXRTUI_CACHE_DIR` where it is set, else the XDG cache folder's `cxrtui`.
    """
    if chosen := os.environ.get("CXRTUI_CACHE_DIR"):
        return expand(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand(base) / "cxrtui"
