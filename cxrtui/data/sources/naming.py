"""This module parses a value of ``--data``: a path, ``LAYOUT:PATH`` or ``tfds:NAME``."""

from __future__ import annotations

import os
from collections.abc import Iterable

from cxrtui.data.sources import layouts
from cxrtui.workspace import expand

TFDS = "tfds"


def split_name(text: str) -> tuple[str, str]:
    """Split ``ieee8023:PATH`` into its layout and its path; the layout is empty where none is named."""
    name, colon, rest = text.partition(":")
    return (name, rest) if colon and name in (*layouts.NAMES, TFDS) else ("", text)


def absolute(text: str) -> str:
    """Return `text` with its path made absolute, so that it is valid in another working folder."""
    name, rest = split_name(text)
    if name == TFDS:
        return text
    path = str(expand(rest).absolute())
    return f"{name}:{path}" if name else path


def absent(sources: Iterable[str]) -> list[str]:
    """Return the paths of `sources` that do not exist; data sets of tfds are checked later."""
    named = map(split_name, sources)
    return [path for layout, path in named if layout != TFDS and not os.path.lexists(path)]
