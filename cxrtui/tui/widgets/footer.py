"""The footer keeps Help and Quit at its end and cuts no key, however narrow the terminal is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey, FooterLabel

KEPT = ("app.keys", "app.quit")
MORE = "…"


def _width(key: FooterKey) -> int:
    """Return the width of a key with its label and the gap after it, in cells."""
    return cell_len(f"{key.key_display} {key.description} ")


def _keys(screen: Screen[object]) -> list[object]:
    """Return all that a footer shows of the keys of `screen`."""
    return [(item.binding, item.enabled, item.tooltip) for item in screen.active_bindings.values()]


class KeysFooter(Footer):
    """Textual's footer with Help and Quit always visible."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._room = 0
        self._composed: list[object] = []

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Compose again if the keys are others; Textual does so whenever a screen comes to the front."""
        if self._composed and self._composed == _keys(screen):
            self._bindings_ready = True
        else:
            super().bindings_changed(screen)

    def compose(self) -> ComposeResult:
        """Put as many of the screen's keys as fit, and Help and Quit beside them."""
        for watchers in vars(self).get("__watchers", {}).values():  # those of keys that were removed stay in Textual
            watchers[:] = [(watcher, callback) for watcher, callback in watchers if not watcher._closing]
        self._composed = _keys(self.screen) if self._bindings_ready else []  # before that, Textual composes no key
        found = [key for key in super().compose() if isinstance(key, FooterKey)]
        keys = [key for key in found if not self._typed(key)]
        kept = [key for key in (self._kept(action, keys) for action in KEPT) if key is not None] if found else []
        self._room = self.app.size.width
        yield from self._fitting([key for key in keys if key not in kept], self._room - sum(map(_width, kept)))
        if kept:
            yield Horizontal(*kept, classes="footer-kept")

    def _typed(self, key: FooterKey) -> bool:
        """Return whether the focused field takes the key as a letter; Textual does not know this of `/`, `+`, `-`."""
        focused, letter = self.screen.focused, {"slash": "/", "plus": "+", "minus": "-"}.get(key.key)
        return focused is not None and letter is not None and focused.check_consume_key(key.key, letter)

    @staticmethod
    def _fitting(keys: list[FooterKey], room: int) -> Iterator[Widget]:
        """Yield the first keys that fit, and a sign if there are more."""
        for place, key in enumerate(keys):
            needed = sum(map(_width, keys[place:]))
            if needed > room and _width(key) + len(MORE) > room:
                yield FooterLabel(MORE)
                return
            room -= _width(key)
            yield key

    def _kept(self, action: str, keys: Iterable[FooterKey]) -> FooterKey | None:
        """Return the key of `action` in the footer, or, while a field takes all letters, another key that works."""
        if (shown := next((key for key in keys if key.action == action), None)) is not None:
            return shown
        able = [item for item in self.screen.active_bindings.values() if item.binding.action == action and item.enabled]
        if not able:
            return None
        binding = able[-1].binding
        key = FooterKey(binding.key, self.app.get_key_display(binding), binding.description, action,
                        tooltip=able[-1].tooltip)  # fmt: skip
        return key.data_bind(compact=Footer.compact)

    async def on_resize(self, event: Resize) -> None:
        """Fit the keys to the new width."""
        if self._room and event.size.width != self._room:
            await self.recompose()
