"""This module completes the text that is typed into a field."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from textual.suggester import Suggester

from cxrtui.workspace import expand

SUFFIXES = (".csv", ".safetensors", ".pth", ".pt", ".h5", ".msgpack")
"""Suffixes of the files that a field may name: manifests and weights."""


class PathSuggester(Suggester):
    """Completes words and the names of folders; right arrow takes the suggestion."""

    def __init__(
        self, words: Callable[[], Iterable[str]] = tuple, suffixes: Collection[str] = SUFFIXES
    ) -> None:  # fmt: skip
        super().__init__(use_cache=False, case_sensitive=True)
        self._words, self._suffixes = words, suffixes

    async def get_suggestion(self, value: str) -> str | None:
        """Return `value` completed, or None; a thread reads the folders."""
        return await asyncio.to_thread(self._continued, value)

    def _continued(self, value: str) -> str | None:
        word = next((word for word in self._words() if word.startswith(value)), None) if value else None
        return word or complete_path(value, self._suffixes)


def complete_path(text: str, suffixes: Collection[str] = SUFFIXES) -> str | None:
    """Return `text` completed with the first folder or file (one of `suffixes`) that begins with it, or None."""
    if not text:
        return None
    path = expand(text)
    parent, stem = (path, "") if text.endswith("/") else (path.parent, path.name)
    try:
        names = sorted(
            item.name + ("/" if item.is_dir() else "")
            for item in parent.iterdir()
            if item.name.startswith(stem) and item.name.isprintable() and (stem or not item.name.startswith("."))
            and (item.is_dir() or item.suffix.lower() in suffixes)
        )  # fmt: skip
    except OSError:
        return None
    if not names or names[0].rstrip("/") == stem:
        return None
    return text + names[0][len(stem) :]
