"""The box of the model: its name, and what it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui import threads
from cxrtui.tui.classify.models import Model
from cxrtui.tui.door import titled
from cxrtui.tui.keys import key_of

if TYPE_CHECKING:
    from cxrtui.evaluation.trained_on import TrainedOn


class ModelBox(Vertical):
    """Shows a model. What models were trained on is read by threads and kept."""

    class Known(Message):
        """What a model was trained on is known now."""

    def __init__(self, read: Callable[[Run | Path], TrainedOn], *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self._read = read
        self._known: dict[str, TrainedOn | None] = {}
        self._model: Model | None = None

    def compose(self) -> ComposeResult:
        """Put the name above what it was trained on."""
        yield Static(id="model", markup=False)
        yield Static(id="trained-on", markup=False)

    def on_mount(self) -> None:
        """Name the key."""
        self.border_title = titled(f"model ({key_of('classify', 'model')})")

    def show(self, model: Model | None, none: str) -> None:
        """Show a model, or `none` if there is none."""
        self._model = model
        name, about = self.query_one("#model", Static), self.query_one("#trained-on", Static)
        if model is None:
            name.update(none)
            return
        text = Text(printable(model.name), style="bold")
        if model.remark:
            text.append(f" · {printable(model.remark)}", style="not bold")
        name.update(text)
        known = self._of(model)
        about.display = known is not None and bool(known.text)
        about.update(known.text if known is not None else "")

    def warning(self, names: Iterable[str]) -> str:
        """Return why the model's answers on films of these names cannot be believed; empty if nothing is known."""
        known = self._of(self._model) if self._model is not None else None
        return known.warning(names) if known is not None else ""

    def _of(self, model: Model) -> TrainedOn | None:
        """Return what it was trained on; None while that is being read, and `Known` follows then."""
        if model.key not in self._known:
            self._known[model.key] = None
            threads.start("trained on", self._work, model)
        return self._known[model.key]

    def _work(self, model: Model) -> None:
        self._known[model.key] = self._read(model.place)
        self.post_message(self.Known())
