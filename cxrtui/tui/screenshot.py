"""Pictures of the screen that a user takes: SVG files in the workspace's folder `screenshots/`."""

from __future__ import annotations

import re
import time
from pathlib import Path

from cxrtui.files import is_there, write_atomic

_FONT_FROM_ELSEWHERE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def save(svg: str, folder: Path, name: str) -> Path:
    """Write a picture to a new file in `folder`, whose name has the time, and return its path.

    Args:
        svg: as Textual exports it; the address of a font on another machine is taken out.
        folder: is made if it is missing.
        name: of the screen; characters that a file's name should not have become dashes.

    Raises:
        OSError: the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.").lower()[:60] or "screen"
    stem = f"{words}-{time.strftime('%Y%m%d-%H%M%S')}"
    file = next(path for number in range(1, 10_000)
                if not is_there(path := folder / f"{stem}{f'-{number}' if number > 1 else ''}.svg"))  # fmt: skip
    write_atomic(file, _FONT_FROM_ELSEWHERE.sub("", svg))
    return file
