"""The demo in the dashboard: a question shows how synthetic films are drawn; then a run on them begins."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Static

from cxrtui.disk import explained
from cxrtui.errors import Cancelled
from cxrtui.printable import printable
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.door import titled
from cxrtui.tui.front import Front
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.theme import BUSY
from cxrtui.tui.widgets.bars import bar

_TICK = 0.2


class Drawn(Message):
    """Films were drawn: `done` of `total`; `settings` when all are there, or an `error`."""

    def __init__(self, done: int = 0, total: int = 0, settings: Config | None = None, error: str = "") -> None:
        super().__init__()
        self.done, self.total, self.settings, self.error = done, total, settings, error


class DemoScreen(Front[Config | None]):
    """Draws the films of the demonstration. Its result is the settings of a run on them, or None if cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("demo")

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self._workspace = workspace
        self._cancelled = False

    def compose(self) -> ComposeResult:
        """Show what happens, a bar, and a button that cancels."""
        with Vertical(classes="dialog") as box:
            box.border_title = titled("The demo")
            yield Static("Synthetic chest films (no patients) are drawn; then a small network learns from them, which "
                         "takes minutes on a CPU.", markup=False)  # fmt: skip
            yield Static("", id="demo-progress")
            with Horizontal(classes="dialog-buttons"):
                yield Button(f"Cancel ({key_of('demo', 'cancel')})", compact=True)

    def on_mount(self) -> None:
        """Draw in a thread."""
        threads.start("draw phantoms", self._work)

    def on_unmount(self) -> None:
        """End the drawing."""
        self._cancelled = True

    def _work(self) -> None:
        shown_at = 0.0

        def on_progress(done: int, total: int) -> None:
            nonlocal shown_at
            if self._cancelled:
                raise Cancelled
            if time.monotonic() - shown_at >= _TICK:
                shown_at = time.monotonic()
                self.post_message(Drawn(done, total))

        try:
            from cxrtui.data.phantoms import demonstration

            films = demonstration.films_of(self._workspace)
            demonstration.draw(films, on_progress)
            self.post_message(Drawn(settings=demonstration.settings_for(films)))
        except Cancelled:
            return
        except (OSError, ValueError) as error:
            text = explained(error) if isinstance(error, OSError) and error.filename else str(error)
            self.post_message(Drawn(error=f"{printable(self._workspace)}: {text}"))

    @on(Drawn)
    def _drawn(self, message: Drawn) -> None:
        progress = self.query_one("#demo-progress", Static)
        if message.settings is not None:
            self.dismiss(message.settings)
        elif message.error:
            progress.update(Text(f"✗ The films cannot be drawn: {message.error}"))
        else:
            width = max(10, progress.size.width - 12)
            line = bar(message.done / max(1, message.total), width, BUSY)
            progress.update(line.append(f" {message.done} of {message.total}"))

    @on(Button.Pressed)
    def action_cancel(self) -> None:
        """Draw no more."""
        self.dismiss(None)
