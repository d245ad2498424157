"""This module recognises what systems and tools leave in a folder; it is neither a class nor a film."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from cxrtui.data.films import printable

# Thumbnails, waste baskets and snapshots of NAS (Synology, QNAP), Windows, macOS, Linux and Android, and files
# of archives and notebooks. Names that begin with a dot are hidden (.Trash-1000, ._film.png, .ipynb_checkpoints, .git).
_NAMES = re.compile(
    r"thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|icon\r|__macosx|__pycache__|@\w.*|#(recycle|snapshot)|\$recycle\.bin"
    r"|recycle[rd]|recycle[. _]?bin|\$extend|system volume information|lost\+found|lost\.dir|found\.\d{3}|trash(-\d+)?"
    r"|network trash folder|temporary items|\$\w+|\$windows\.~\w+|config\.msi|msocache|~\$.*|~snapshot"
    r"|thumbnails?|thumbs?|.*\.lrdata|node_modules",
    re.IGNORECASE,
)
_SYSTEMS = re.compile(
    r"\._.*|\.(Trash|AppleDouble|AppleDB|ipynb_checkpoints|@__thumb|Spotlight-V100|fseventsd|TemporaryItems).*"
    r"|@eaDir|@Recycle|@__thumb|#recycle|#snapshot|\$recycle\.bin|recycle[rd]|system volume information|lost\+found"
    r"|__macosx",
    re.IGNORECASE,
)


def hidden(name: str) -> bool:
    """Whether a name is hidden, or left by a system or a tool."""
    return name.startswith(".") or _NAMES.fullmatch(name) is not None


def litter(path: str, root: Path) -> bool:
    """Whether a part of `path`, as a table at `root` writes it, is a known name of litter.

    Other hidden names in a table may be intended, and so may paths to another place.
    """
    if os.path.isabs(path):
        within = os.path.relpath(path, root)
        path = "" if within.startswith("..") else within
    return any(_SYSTEMS.fullmatch(part) for part in path.replace("\\", "/").split("/"))


def count_litter(root: Path, tally: Counter[str]) -> None:
    """Count the litter below `root` by name; links are not followed, and no file is opened."""
    pending = [(os.fspath(root), "")]
    while pending:
        folder, within = pending.pop()
        try:
            with os.scandir(folder) as entries:
                items = list(entries)
        except OSError:
            continue
        for item in items:
            of = within or (_shown(item.name) if hidden(item.name) else "")
            if item.is_dir(follow_symlinks=False):
                pending.append((item.path, of))
            elif of:
                tally[f"left by a system or a tool ({of})"] += 1


def _shown(name: str) -> str:
    """Return what a report calls litter of this name; hidden names that are not known litter are one kind."""
    for kind in ("._", ".Trash", ".DS_Store", ".ipynb_checkpoints", ".git"):
        if name.startswith(kind):
            return f"{kind}*" if kind in ("._", ".Trash") else kind
    return "hidden" if name.startswith(".") else printable(name)
