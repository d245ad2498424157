"""The parts of the application that know no screen: themes, help, palette, jump keys, pictures of the screen."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import work
from textual._compositor import CompositorUpdate
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.driver import Driver
from textual.events import DescendantFocus
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen
from textual.widgets import Input, TextArea

from cxrtui.disk import explained
from cxrtui.printable import printable
from cxrtui.tui import memory, palette, screenshot
from cxrtui.tui.alerts import alert
from cxrtui.tui.changes import Shown
from cxrtui.tui.door import Door
from cxrtui.tui.jump import JumpScreen
from cxrtui.tui.keyboard import KeysInTurn
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import Page
from cxrtui.tui.questions import KeyHelp
from cxrtui.tui.theme import DARK, THEMES, AsciiLines, ForLightTheme, Grey
from cxrtui.tui.threads import result_of
from cxrtui.tui.widgets.charts.modes import ASCII
from cxrtui.tui.widgets.charts.options import kept
from cxrtui.workspace import Workspace

ALERTS = "everywhere.alerts"
AWAY_SECONDS = 10.0
"""Seconds without a key after which the user is elsewhere, if the terminal does not report its focus."""


class Shell(KeysInTurn):
    """An application with what every screen has."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("everywhere")
    COMMANDS = App.COMMANDS | {palette.RecentRuns}

    def __init__(self, workspace: Workspace, driver: type[Driver] | None = None) -> None:
        super().__init__(driver)
        self.workspace = workspace
        self.shown = Shown()
        self._focus_is_known = False
        self._use_theme()
        self._door, self._for_light_theme, self._grey = Door(), ForLightTheme(), Grey()
        self._ascii_lines = AsciiLines()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write to the terminal what it does not show yet."""
        idle = self._batch_count or not self._running or self._closed or self.is_headless or self._driver is None
        if isinstance(renderable, CompositorUpdate) and not idle:
            renderable = self.shown.reduced(renderable, self.console)
            if not renderable.render_segments(self.console) and self.cursor_position == self._previous_cursor_position:
                return
        super()._display(screen, renderable)

    def _use_theme(self) -> None:
        """Use the theme of the last session before the stylesheets are parsed: a change of it parses them again."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = memory.get("theme", DARK.name, choices=tuple(self.available_themes))
        self.stylesheet.set_variables(self.get_css_variables())

    def keep_theme(self) -> None:
        """Keep the theme that is chosen in this session."""
        self.theme_changed_signal.subscribe(self, lambda theme: memory.set("theme", theme.name))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Keep the cursor of a field from blinking, which would write to the terminal twice a second."""
        if isinstance(event.widget, (Input, TextArea)):
            event.widget.cursor_blink = False

    def on_app_focus(self) -> None:
        """Remember that the terminal reports whether it has the focus."""
        self._focus_is_known = True

    def on_app_blur(self) -> None:
        """Remember that the terminal reports whether it has the focus."""
        self._focus_is_known = True

    @property
    def away(self) -> bool:
        """Whether the user looks elsewhere: the terminal has no focus or, if it does not tell, no key was pressed."""
        if self._focus_is_known:
            return not self.app_focus
        return time.monotonic() - self.typed_at > AWAY_SECONDS

    def alert(self, text: str) -> None:
        """Ring, and let the terminal show a message, if the user looks elsewhere and has not switched that off."""
        if self.away and memory.get(ALERTS, True):
            self.write_alert(alert(self.title, text, os.environ))

    def write_alert(self, sequence: str) -> None:
        """Write to the terminal, if there is one."""
        if not self.is_headless and self._driver is not None:
            self._driver.write(sequence)
            self._driver.flush()

    def action_keys(self) -> None:
        """Show the keys of the screen."""
        if isinstance(self.screen, Page):
            self.push_screen(KeyHelp(*self.screen.sections))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Our filters for light themes, NO_COLOR and ASCII, Textual's other ones, and the `Door`."""
        light = [] if self.current_theme.dark else [self._for_light_theme]
        theirs = [self._grey if isinstance(item, Monochrome) else item for item in super().get_line_filters()]
        ascii_lines = [self._ascii_lines] if kept().mode == ASCII else []
        return [*light, *theirs, *ascii_lines, self._door]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: the keys of the screen in words, then what Textual's own add to them."""
        own = list(palette.commands(screen))
        yield from own
        on = memory.get(ALERTS, True)
        about = "Ring, and let the terminal notify you, when a run ends while you look elsewhere"
        yield SystemCommand(f"Turn alerts {'off' if on else 'on'}", about, partial(memory.set, ALERTS, not on))
        left_out = palette.LEFT_OUT | {command.title for command in own}
        if screen.focused is not None and screen.focused.size.height < 2:
            left_out.add("Maximize")  # a field is no more than its line
        yield from (command for command in super().get_system_commands(screen) if command.title not in left_out)

    def action_jump(self) -> None:
        """Show a letter at each part of the screen that can have the focus."""
        below = self.screen
        if isinstance(below, JumpScreen):
            below.dismiss(None)
            return
        if isinstance(below, CommandPalette):
            return
        letters = JumpScreen(below)
        if not letters.empty:
            self.push_screen(letters, lambda part: below.set_focus(part) if part is not None else None)

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Save a picture of the screen, and say where it is."""
        self._save_screenshot(filename, path)

    @work
    async def _save_screenshot(self, filename: str | None, path: str | None) -> None:
        name = filename or (self.screen.where if isinstance(self.screen, Page) else "question")
        folder = Path(path) if path else self.workspace.root / "screenshots"
        try:
            file = await result_of("save screenshot", screenshot.save, self.export_screenshot(), folder, name)
        except OSError as error:
            self.notify(f"{folder}: {explained(error)}", title="No screenshot", severity="error", markup=False)
        else:
            self.notify(printable(file), title="Screenshot saved", markup=False)
