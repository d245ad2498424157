"""Completion of what is typed into a field."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from textual.suggester import Suggester

from cxrtui.tui.launch.form import complete_path


class PathSuggester(Suggester):
    """Completes words and the names of folders; right arrow takes the suggestion."""

    def __init__(self, words: Callable[[], Iterable[str]] = tuple) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """The continuation of `value`; folders are read off the UI's thread."""
        return await asyncio.to_thread(self._continued, value)

    def _continued(self, value: str) -> str | None:
        word = next((word for word in self._words() if word.startswith(value)), None) if value else None
        return word or complete_path(value)
