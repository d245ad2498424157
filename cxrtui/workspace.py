"""The places where cxrtui keeps things on disk: the workspace's two folders, the user's cache and state."""

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
        """The file of the workspace's own defaults, which may be missing."""
        return self.root / "cxrtui.toml"


def expand(path: str | Path) -> Path:
    """Return `path` with a leading ``~`` resolved; it is unchanged if there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_root() -> Path:
    """Return the folder for files that can always be made again: compiled programs and prepared films.

    This is `CXRTUI_CACHE_DIR` if it is set, else `cxrtui` in the XDG cache folder.
    """
    if chosen := os.environ.get("CXRTUI_CACHE_DIR"):
        return expand(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand(base) / "cxrtui"


def state_root() -> Path:
    """Return the folder for what a user chose in the dashboard: `cxrtui` in the XDG state folder."""
    return expand(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "cxrtui"
