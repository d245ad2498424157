"""A field of a form that takes a paste of several lines and passes the texts on to the following fields."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Focus, Paste
from textual.message import Message
from textual.widgets import Input


class FormInput(Input):
    """Splits a paste at line ends and tabs into this field's text and those of the following fields."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+j", "submit", "Submit", show=False)]  # a pasted line feed

    class Pasted(Message):
        """Texts for this field and the following ones."""

        def __init__(self, field: FormInput, texts: list[str]) -> None:
            super().__init__()
            self.field, self.texts = field, texts

    def __init__(self, value: str, *, paths: bool, words: bool, **options: Any) -> None:
        """Make a field that takes `words`, which are typed anew, or `paths`, which are edited, or both."""
        super().__init__(value, select_on_focus=words, **options)
        self._either = paths and words

    def _on_focus(self, event: Focus) -> None:
        del event
        if self._either:
            self.select_on_focus = "/" not in self.value

    def _on_paste(self, event: Paste) -> None:
        texts = re.split(r"\r\n|[\r\n\t]", event.text.rstrip("\r\n\t"))
        if len(texts) > 1:
            event.prevent_default().stop()
            self.post_message(self.Pasted(self, texts))
