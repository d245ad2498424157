"""What is shown in a workspace without runs: what can be done first, each with its key."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import BindingType
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.tui.keys import KEYS, bindings, shown

FIRST = (
    ("first start", "demo"),
    ("runs", "new"),
    ("runs", "data"),
    ("runs", "weights"),
    ("everywhere", "app.keys"),
)


class FirstStart(Static, can_focus=True):
    """Takes the place of the table while there is nothing to list; without any run its keys offer the demo."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("first start")

    def welcome(self, checkpoints: object, problem: str) -> None:
        """Show what can be done first; the runs will be in `checkpoints`. `problem` says why none can be listed."""
        table = Table.grid(padding=(0, 2))
        table.add_row("", Text(problem or "No runs yet. What you can do first:", style="bold"))
        table.add_row("", "")
        for section, action in FIRST:
            item = next(item for item in KEYS[section] if item.action == action)
            table.add_row(Text(shown(item.key), style="bold"), Text(item.help))
        table.add_row("", "")
        table.add_row("", Text(f"Runs are kept in {printable(checkpoints)}.", style="dim"))
        self.set_class(True, "-welcome")
        self.update(table)

    def no_match(self, count: int) -> None:
        """Say that the filter leaves none of `count` runs."""
        self.set_class(False, "-welcome")
        self.update(f"None of {count} runs matches this filter.\n\nPress [b]esc[/b] to list all of them.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the demo only if there is no run at all."""
        return self.has_class("-welcome")

    async def action_demo(self) -> None:
        """Draw films and train on them. As an action of the program, `check_action` could not keep it back."""
        await self.run_action("app.demo")
