"""Completes class names from the classes that the data folder has."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.suggester import Suggester


class ClassSuggester(Suggester):
    """Completes the last of several class names."""

    def __init__(self, labels: Callable[[], Iterable[str]]) -> None:
        """Complete from `labels`, which returns the labels that were found."""
        super().__init__(use_cache=False, case_sensitive=True)
        self._labels = labels

    async def get_suggestion(self, value: str) -> str | None:
        """Return `value` with its last name completed, or None."""
        from cxrtui.data.findings import findings

        head, comma, last = value.rpartition(",")
        word = last.lstrip()
        found = [item for label in self._labels() for item in findings(label)]
        match = next((name for name in found if word and name.casefold().startswith(word.casefold())), None)
        return head + comma + last[: len(last) - len(word)] + word + match[len(word) :] if match else None
