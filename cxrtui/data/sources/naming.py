"""This module parses a value of ``--data``: a path or a URL, either with ``LAYOUT:`` before it, or ``tfds:NAME``."""

from __future__ import annotations

import os
from collections.abc import Iterable

from cxrtui.data.sources import layouts
from cxrtui.files import is_url
from cxrtui.workspace import expand

TFDS = "tfds"


def split_name(text: str) -> tuple[str, str]:
    """Split ``ieee8023:PATH`` into its layout and its path; the layout is empty where none is named."""
    name, colon, rest = text.partition(":")
    return (name, rest) if colon and name in (*layouts.NAMES, TFDS) else ("", text)


def absolute(text: str) -> str:
    """Return `text` with its path made absolute, so that it is valid in another working folder; a URL is already."""
    name, rest = split_name(text)
    if name == TFDS or is_url(rest):
        return text
    path = str(expand(rest).absolute())
    return f"{name}:{path}" if name else path


def absent(sources: Iterable[str]) -> list[str]:
    """Return the paths of `sources` that do not exist; data sets of tfds and URLs are checked later."""
    named = [path for layout, path in map(split_name, sources) if layout != TFDS and not is_url(path)]
    return [path for path in named if not os.path.lexists(path)]
