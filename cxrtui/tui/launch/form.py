"""The form shows the settings in groups: those that most runs set, and the others once their group is opened."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Select
from textual.widgets.collapsible import CollapsibleTitle

from cxrtui.settings.config import SECTIONS, Config
from cxrtui.settings.listing import Setting
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings
from cxrtui.tui.launch.checks import FIELDS, GROUPS, RUN_NAME, Note, initial, is_changed
from cxrtui.tui.launch.form_input import FormInput
from cxrtui.tui.launch.rows import Row, Section, help_of
from cxrtui.tui.widgets.form_select import FormSelect


class Form(VerticalScroll):
    """Holds the texts of the settings; the screen checks them."""

    # A container that scrolls has arrow keys of its own: without these, they would scroll a form that is too long.
    BINDINGS: ClassVar[list[BindingType]] = bindings("form")

    def __init__(self, base: Config, texts: Mapping[str, str], suggester: Callable[[str], Suggester | None]) -> None:
        """Begin with the values of `base`, or of `texts` for the settings in it; `suggester` returns one for a key."""
        super().__init__(id="form", classes="box", can_focus=False)
        self._base, self._texts, self._suggester = base, dict(texts), suggester
        self.border_title = "new run"

    def compose(self) -> ComposeResult:
        """Put the groups one below the other."""
        for name, title in GROUPS.items():
            settings = [item for item in FIELDS.values() if item.section == name]
            first = [item for item in settings if item.often]
            yield Section(name, title, first, [item for item in settings if not item.often], self._row)

    def _row(self, item: Setting) -> Row:
        text = self._texts.pop(item.key, None)
        return Row(item, initial(item.key, self._base) if text is None else text, self._suggester(item.key))

    @property
    def values(self) -> dict[str, str]:
        """The texts by key; a setting that has no text has the value that the form began with."""
        result = {widget.name or "": widget.value for widget in self.query(Input)}
        result.update({widget.name or "": str(widget.value) for widget in self.query(Select)})
        return result | self._texts

    def fill(self, texts: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        for key, text in texts.items():
            try:
                self._put(self._field(key), text)
            except NoMatches:  # its group was not opened yet
                self._texts[key] = text

    def _field(self, key: str) -> Input | Select[str]:
        for widget in self.query("Input, Select"):
            if widget.name == key and isinstance(widget, (Input, Select)):
                return widget
        raise NoMatches(key)

    def _put(self, field: Input | Select[str], text: str) -> bool:
        """Put `text` into `field`, and return whether it fits; a list takes only its own choices."""
        if isinstance(field, Input):
            field.value = text
            field.cursor_position = len(text)
        elif isinstance(field, FormSelect) and text.strip() in field.choices:
            field.value = text.strip()
        else:
            return False
        return True

    @on(FormInput.Pasted)
    def _pasted(self, message: FormInput.Pasted) -> None:
        """Fill this field and the following ones, with one text for each."""
        fields = [widget for widget in self.screen.focus_chain if isinstance(widget, (Input, Select))]
        filled = fields[fields.index(message.field) :]
        left = [text.strip() for field, text in zip(filled, message.texts, strict=False)
                if not self._put(field, text) and text.strip()]  # fmt: skip
        left += [text for text in message.texts[len(filled) :] if text.strip()]
        filled[min(len(message.texts), len(filled)) - 1].focus()
        if left:
            self.notify(f"No field takes {', '.join(left)[:200]}.", title="Paste", severity="warning", markup=False)

    def show(self, found: Mapping[str, Note]) -> None:
        """Show the notes beside the fields, and the counts in the titles of the groups."""
        for row in self.query(Row):
            if row.key in found:
                row.show(found[row.key])
        for section in self.query(Section):
            keys = [item.key for item in section.settings]
            changed = [found[key].changed if key in found else is_changed(FIELDS[key], initial(key, self._base))
                       for key in keys]  # fmt: skip
            section.show(sum(changed), sum(not found[key].ok for key in keys if key in found))

    async def reveal(self, key: str) -> None:
        """Open the group of a field, unless the field is always shown, and move the focus to the field."""
        for section in self.query(Section):
            if section.holds(key):
                section.collapsed = False
                await section.fill()
        self._field(key).focus()

    def toggle(self) -> None:
        """Open every group; if all are open, close them."""
        sections = list(self.query(Section))
        closed = any(section.collapsed for section in sections)
        for section in sections:
            section.collapsed = not closed

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show on the border the help of the field or group under the cursor."""
        self._tell_of(event.widget)

    def on_resize(self) -> None:
        """Show what there is room for now."""
        if self.screen.focused is not None and self in self.screen.focused.ancestors:
            self._tell_of(self.screen.focused)

    def _tell_of(self, widget: Widget) -> None:
        text = ""
        if isinstance(widget, CollapsibleTitle) and isinstance(widget.parent, Section):
            text = inspect.cleandoc(SECTIONS[widget.parent.name or ""].__doc__ or "").partition("\n")[0]
        elif (item := FIELDS.get(widget.name or "")) is not None:
            text = item.key if item is not RUN_NAME else ""
            text = " · ".join(filter(None, (text, help_of(item)))) if self.screen.has_class("-wide") else text
        self.border_subtitle = titled(text)
