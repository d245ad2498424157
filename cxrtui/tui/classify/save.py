"""The question where to save the results, which are what ``cxrtui classify --csv`` or ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from cxrtui.disk import explained
from cxrtui.evaluation.rows import Row
from cxrtui.files import write_atomic
from cxrtui.printable import printable
from cxrtui.tui import threads
from cxrtui.tui.front import Front
from cxrtui.tui.widgets.suggest import PathSuggester
from cxrtui.workspace import expand

FORMS: dict[str, Literal["csv", "json"]] = {".csv": "csv", ".json": "json", ".jsonl": "json"}
ADVICE = ".csv or .json: what cxrtui classify prints with --csv or --json. A name without a folder is put into {}"


class Saved(Message):
    """A thread has written the file, or there is an `error`; `exists` if the file is there already."""

    def __init__(self, path: Path, error: str = "", exists: bool = False) -> None:
        super().__init__()
        self.path, self.error, self.exists = path, error, exists


class SaveScreen(Front[Path | None]):
    """Asks for a path and writes the results there. Its result is the path, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    def __init__(self, items: Sequence[Row], name: str) -> None:
        super().__init__()
        self._items, self._suggested = tuple(items), name
        self._replace: Path | None = None  # the file that is replaced if enter is pressed again

        self._advice = ADVICE.format(printable(Path.cwd()))

    def compose(self) -> ComposeResult:
        """Show the field and a note."""
        with Vertical(classes="dialog") as box:
            box.border_title = f"Save {len(self._items)} results as"
            box.border_subtitle = "enter saves · esc cancels"
            yield Input(self._suggested, compact=True, select_on_focus=False, id="save-path",
                        suggester=PathSuggester(suffixes=tuple(FORMS)))  # fmt: skip
            yield Static(self._advice, id="save-note", markup=False)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._replace = None
        self._say(self._advice)

    def _say(self, note: str, wrong: bool = False) -> None:
        shown = self.query_one("#save-note", Static)
        shown.set_class(wrong, "-wrong")
        shown.update(note)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        path = expand(event.value.strip()).absolute()
        form = FORMS.get(path.suffix.lower())
        if form is None:
            self._say("✗ the name must end in .csv or .json", wrong=True)
            return
        threads.start("save results", self._write, path, form, path == self._replace)

    def _write(self, path: Path, form: Literal["csv", "json"], replace: bool) -> None:
        from cxrtui.evaluation.rows import lines

        try:
            if path.exists() and not replace:
                self.post_message(Saved(path, exists=True))
                return
            write_atomic(path, "".join(lines(self._items, form)))
        except OSError as error:
            self.post_message(Saved(path, f"cannot write {printable(path)}: {explained(error)}"))
        except Exception as error:  # the thread has nobody else to tell
            self.post_message(Saved(path, f"{type(error).__name__}: {printable(error)}"))
        else:
            self.post_message(Saved(path))

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        if message.exists:
            self._replace = message.path
            self._say(f"! {printable(message.path.name)} is there already; enter again replaces it", wrong=True)
        elif message.error:
            self._say(f"✗ {message.error}", wrong=True)
        else:
            self.dismiss(message.path)

    def action_cancel(self) -> None:
        """Save nothing."""
        self.dismiss(None)
