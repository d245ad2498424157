"""The footer: Help and Quit stay at its end, however narrow the terminal is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

KEPT = ("app.keys", "app.quit")


class KeysFooter(Footer):
    """Textual's footer, whose first keys are not the last ones to be seen."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def compose(self) -> ComposeResult:
        """The screen's keys, cut where the room ends; Help and Quit beside them."""
        keys = list(super().compose())
        kept = [key for key in keys if isinstance(key, FooterKey) and key.action in KEPT]
        yield from (key for key in keys if key not in kept)
        if kept:
            yield Horizontal(*kept, classes="footer-kept")
