"""The way from any screen of the dashboard to each other one, by the command palette."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.app import SystemCommand
from textual.screen import Screen

from cxrtui.tui import routes
from cxrtui.tui.page import Page, place_of
from cxrtui.tui.quit import UnwrittenScreen
from cxrtui.tui.starting import Starting


class Going(Starting):
    """An application whose screens can be gone to by their names."""

    def open(self, route: routes.Route) -> None:
        """Do what a screen or the command line asks for."""
        raise NotImplementedError

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette: those of the screen, and the way to each other one."""
        yield from super().get_system_commands(screen)
        if isinstance(screen, Page):
            yield SystemCommand("Demo", "Draw synthetic films and train a small network on them", self.action_demo)
            for name, (route, help_text) in PLACES.items():
                yield SystemCommand(f"Go to {name}", help_text, partial(self.go_to, name, route))

    def go_to(self, name: str, route: routes.Route | None) -> None:
        """Go back to a screen that is open, or else open it; ask first if one above it holds what is not written."""
        stack = self.screen_stack
        open_at = [place for place, screen in enumerate(stack) if place_of(screen) == name]
        if not open_at:
            if route is not None:
                self.open(route)
        elif held := unsaved(stack[open_at[-1] + 1 :]):

            def answered(answer: str | None) -> None:
                if answer == "discard":
                    self.call_later(self._back_to, name)

            self.push_screen(UnwrittenScreen(held, name), answered)
        else:
            self.call_later(self._back_to, name)

    async def _back_to(self, name: str) -> None:
        """Close the screens above the one of this name."""
        while place_of(self.screen) != name:
            await self.screen.dismiss()


def unsaved(screens: Iterable[Screen[Any]]) -> list[str]:
    """Return what the `screens` hold and have not written, in words."""
    return [screen.unsaved for screen in screens if isinstance(screen, Page) and screen.unsaved]


PLACES: dict[str, tuple[routes.Route | None, str]] = {
    "Runs": (None, "Every run of the workspace"),
    "Launch": (routes.OpenLaunch(), "The form of a new run"),
    "Data": (routes.OpenData(), "Films: what they are, and what is wrong with them"),
    "Weights": (routes.OpenWeights(), "Initial weights: the shelf, fetch, port"),
    "Tune": (routes.OpenTune(), "Searches of good settings: their trials, and what decides"),
    "Protocols": (routes.OpenProtocol(), "Trainings and tests as a study would do them: their tables"),
    "Classify": (routes.OpenClassify(), "Classify films with a trained run"),
}
"""The screens that the palette goes to, by their `Page.place`: the route, and what it is for."""
