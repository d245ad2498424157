"""The layout of the Duplicates screen: what is known of the pair, the list of pairs, and the two films."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import Resize
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.tui.inspect.duplicates.choices import Choices
from cxrtui.tui.inspect.duplicates.pairs import Pair, names_in, pairs_of
from cxrtui.tui.inspect.duplicates.pane import FilmPane
from cxrtui.tui.inspect.duplicates.writing import Plan
from cxrtui.tui.keys import key_of
from cxrtui.tui.page import WIDE, Page
from cxrtui.tui.theme import BAD, GOOD, WARN
from cxrtui.tui.widgets.films.film import Film, FilmActions
from cxrtui.tui.widgets.find import FindLine, matches
from cxrtui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from cxrtui.data.inspect.duplicates import Duplicates

VIEWS = (("", "-list"), ("", "-films", "-list"))
"""Classes of the screen that the key for views goes through, on a narrow screen and on a wide one."""
_AHEAD = 2  # pairs whose films are decoded before they are looked at


class DuplicatesLayout(FilmActions, Page[Plan | None]):
    """Shows the pairs of copies that `found` holds, one at a time."""

    AUTO_FOCUS = ""  # a film that has the focus takes the arrows, which go from pair to pair else

    def __init__(self, found: Duplicates) -> None:
        super().__init__()
        self._all = pairs_of(found)
        self._listed = list(range(len(self._all)))
        self._choices = Choices()
        self._view = 0

    def compose_body(self) -> ComposeResult:
        """Put what is known of the pair on top, and the list and the two films below it."""
        yield Static("", id="pair-head")
        yield FindLine("words of path, label, patient, or of conflict, near, identical, left out")
        with Horizontal(id="pair-body"):
            with Container(id="pair-list-box", classes="box") as box:
                box.border_title = "pairs"
                yield Lines(self._line, id="pair-list")
            with Horizontal(id="pair-films"):
                yield FilmPane(self.dashboard.backend.open_film, id="pair-left")
                yield FilmPane(self.dashboard.backend.open_film, id="pair-right")
        yield Static("", id="pair-note", markup=False)

    def on_mount(self) -> None:
        """Show the first pair."""
        self._lines.refresh_lines(len(self._listed), 0)
        self._say_what_to_do()
        self._focus_list()
        self.call_after_refresh(self.refresh_bindings)  # without a focus nothing else makes the footer

    # --- what is shown

    @property
    def _lines(self) -> Lines:
        return self.query_one("#pair-list", Lines)

    @property
    def _panes(self) -> tuple[FilmPane, FilmPane]:
        return self.query_one("#pair-left", FilmPane), self.query_one("#pair-right", FilmPane)

    @property
    def _pair(self) -> Pair | None:
        """The pair that is shown."""
        place = self._lines.cursor
        return self._all[self._listed[place]] if 0 <= place < len(self._listed) else None

    def the_film(self) -> Film:
        """Return the film that keys zoom; the other one follows."""
        left, right = (pane.film for pane in self._panes)
        return right if left.film is None or right.has_focus else left

    def _say(self, text: str) -> None:
        self.query_one("#pair-note", Static).update(text)

    def _say_what_to_do(self) -> None:
        keys = {name: key_of("duplicates", name) for name in ("exclude_left", "exclude_right", "same", "different",
                                                              "save", "undo")}  # fmt: skip
        if self._choices.count:
            self._say(f"{self._choices.in_words()} · {keys['save']} writes it · {keys['undo']} takes the last back")
        else:
            self._say(f"{keys['exclude_left']} {keys['exclude_right']} leave out left, right · {keys['same']} one "
                      f"patient · {keys['different']} two patients")  # fmt: skip

    @on(Lines.Moved, "#pair-list")
    def _moved(self) -> None:
        """Show the pair under the cursor."""
        pair, place = self._pair, self._lines.cursor
        for side, pane in enumerate(self._panes):
            if pair is None:
                pane.show_none("no pair has these words")
                continue
            near = [item for step in range(1, _AHEAD + 1) for item in (place + step, place - step)]
            beside = [self._all[self._listed[item]].paths[side] for item in near if 0 <= item < len(self._listed)]
            pane.show(pair.films[side], pair.paths[side], beside, conflict=pair.conflict)
        self._mark()

    def _mark(self) -> None:
        """Show what is chosen, on the pair and in the list."""
        pair = self._pair
        if pair is not None:
            for path, pane in zip(pair.paths, self._panes, strict=True):
                pane.mark(left_out=path in self._choices.excluded)
        self._show_head()
        self._lines.refresh()

    @on(Resize)
    def _show_head(self) -> None:
        """Show what is known of the pair and what is chosen for it; a line breaks only between two of these."""
        pair = self._pair
        every = f" (of {len(self._all):,})" if len(self._listed) < len(self._all) else ""
        parts = [
            (f"pair {self._lines.cursor + 1:,} of {len(self._listed):,}{every}" if pair else f"no pair{every}", "bold")
        ]
        if pair is not None:
            if chosen := self._choices.of(pair):
                parts.append((f"▸ {chosen}", f"bold {WARN}"))
            parts += [(printable(remark), f"bold {BAD}" if remark.startswith("✗") else "") for remark in pair.remarks]
        text, used, room = Text(), 0, max(1, self.app.size.width - 2)
        for words, style in parts:
            width = cell_len(words)
            if used:
                between = " · " if used + 3 + width <= room else "\n"
                text.append(between)
                used = used + 3 if between != "\n" else 0
            text.append(words, style)
            used += width
        self.query_one("#pair-head", Static).update(text)

    def _line(self, place: int, width: int) -> Text:
        """Draw a line of the list: marks, similarity, choice, and the two names."""
        pair = self._all[self._listed[place]]
        chosen = self._choices.of(pair)
        text = Text().append(pair.marks, f"bold {BAD}" if pair.conflict else "")
        text.append(f" {pair.similarity:.2f} ")
        if chosen:
            text.append(f"▸ {chosen.replace('leave out', '−')} ", GOOD)
        return text.append(names_in(pair, max(16, width - cell_len(text.plain))))

    @on(FilmPane.Adjusted)
    def _adjusted(self, message: FilmPane.Adjusted) -> None:
        """Zoom, move and window the other film in the same way."""
        moved = message.pane.film
        for pane in self._panes:
            if pane is not message.pane and pane.film.film is not None and moved.film is not None:
                pane.film.viewport, pane.film.window = moved.viewport, moved.window

    # --- the list

    def action_next(self) -> None:
        """Show the next pair."""
        self._lines.cursor += 1

    def action_previous(self) -> None:
        """Show the pair before."""
        self._lines.cursor -= 1

    def action_view(self) -> None:
        """Show the list, the films, or both."""
        views = VIEWS[self.app.size.width >= WIDE]
        self._view = (self._view + 1) % len(views)
        self.remove_class("-list", "-films")
        if views[self._view]:
            self.add_class(views[self._view])
        self._focus_list()

    def _focus_list(self) -> None:
        """Give the list the focus where it is shown."""
        self.set_focus(self._lines if self._shows_list else None)

    @property
    def _shows_list(self) -> bool:
        return not self.has_class("-films") and (self.app.size.width >= WIDE or self.has_class("-list"))

    def action_find(self) -> None:
        """List only some pairs."""
        self.query_one(FindLine).ask(self._lines if self._shows_list else self.the_film())

    @on(FindLine.Words)
    def _find(self, message: FindLine.Words) -> None:
        before = self._listed[self._lines.cursor] if self._listed else 0
        self._listed = [place for place, pair in enumerate(self._all)
                        if matches(message.words, f"{pair.text} {self._choices.of(pair)}")]  # fmt: skip
        self._lines.refresh_lines(len(self._listed), self._listed.index(before) if before in self._listed else 0)
