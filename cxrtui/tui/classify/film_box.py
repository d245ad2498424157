"""The box of the film: it decodes and shows the film under the cursor, and what the model predicts of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Static

from cxrtui.printable import printable
from cxrtui.tui.backend import Backend, OpenedFilm
from cxrtui.tui.classify.heat import Heat, Heated
from cxrtui.tui.classify.outcomes import Outcome, against
from cxrtui.tui.door import titled
from cxrtui.tui.keys import key_of
from cxrtui.tui.page import COMFORTABLE, NARROW
from cxrtui.tui.theme import BAD, GOOD, WARN
from cxrtui.tui.widgets.films.decoding import Decoded, Films, Look
from cxrtui.tui.widgets.films.film import Film

AFTER = 0.1  # seconds that the cursor rests before a film is decoded


class FilmBox(Vertical):
    """Shows one film at a time; `path` is the one that is shown or being decoded."""

    def __init__(self, open_film: Callable[[Path], OpenedFilm], *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.path: Path | None = None
        self._films = Films(self, open_film)
        self._look: Look | None = None
        self._timer: Timer | None = None
        self._outcome: Outcome | None = None
        self.heat: Heat | None = None

    def compose(self) -> ComposeResult:
        """Put the verdict below the film."""
        yield Film(id="film")
        yield Static("", id="verdict", markup=False)

    def on_mount(self) -> None:
        """Start the threads that decode."""
        self._films.start()
        self.show_none()

    def on_unmount(self) -> None:
        """End the threads."""
        self._films.stop()
        if self.heat is not None:
            self.heat.stop()

    @property
    def film(self) -> Film:
        """The film as it is drawn."""
        return self.query_one(Film)

    def explain(self, backend: Backend, say: Callable[[str], None]) -> Heat:
        """Return what lays heat maps over the film; `say` shows a line to the user."""
        self.heat = Heat(self, backend, self.film, say, self._show_about)
        return self.heat

    @on(Heated)
    def _heated(self, message: Heated) -> None:
        if self.heat is not None:
            self.heat.take(message)

    def show_none(self) -> None:
        """Show that no film is under the cursor."""
        if self._timer is not None:
            self._timer.stop()
        self.path = None
        self.film.show(None, "move to a film to see it")
        if self.heat is not None:
            self.heat.of_film(None, None)
        self.predict(None)

    def show(self, path: Path, beside: Callable[[], Sequence[Path]]) -> None:
        """Show a film at once if it is at hand, else decode it once the cursor rests, so that scrolling stays fast.

        Args:
            path: of the film.
            beside: returns the films that may be next, which are decoded ahead.
        """
        if path == self.path:
            return
        self.path = path
        if self._timer is not None:
            self._timer.stop()
        if self._films.has(path):
            self._want(path, beside)
        else:
            self._timer = self.set_timer(AFTER, partial(self._want, path, beside))

    def _want(self, path: Path, beside: Callable[[], Sequence[Path]]) -> None:
        if (look := self._films.want(path, beside())) is not None:
            self._show(path, look)

    @on(Decoded)
    def _decoded(self, message: Decoded) -> None:
        if message.path == self.path:
            self._show(message.path, message.look)

    def _show(self, path: Path, look: Look) -> None:
        self._look = look
        self._show_title()
        self.film.show(look.levels, f"✗ {look.error}" if look.error else "")
        if self.heat is not None:
            self.heat.of_film(path, look)

    @on(Film.Adjusted)
    def _show_about(self) -> None:
        """Say on the border what is shown: heat map, size, zoom and window, view, source, notes, type."""
        words: list[str] = []
        if self.film.film is not None and self._look is not None and (opened := self._look.opened) is not None:
            height, width = self.film.film[0].shape
            truth = self._outcome.truth if self._outcome is not None else None
            view = (truth.view if truth is not None else "") or opened.view
            source = truth.source if truth is not None else ""
            heat = self.heat.words() if self.heat is not None else ""
            words = [heat, f"{width}×{height}", self.film.adjusted(), view, source, *opened.notes, opened.kind]
        self.border_subtitle = titled(" · ".join(filter(None, words)))

    def predict(self, outcome: Outcome | None, earlier: str = "") -> None:
        """Show what was predicted of the film, if anything; `earlier` names the model if it is not the one chosen."""
        self._outcome = outcome
        if self.heat is not None:
            self.heat.of_refused(outcome is not None and outcome.item.refused)
        shown = self.query_one("#verdict", Static)
        without = outcome is not None and not outcome.item.ok
        shown.display = outcome is not None and (without or not self._low)
        shown.set_class(without, "-why")  # the whole reason, for which a line of the results may have no room
        if outcome is not None:
            shown.update(self._verdict(outcome, earlier))
        self._show_title()
        self._show_about()

    @property
    def _low(self) -> bool:
        """Whether there is no line for the verdict, which is in the title then; why there is none always has room."""
        return self.app.size.height < COMFORTABLE

    def _show_title(self) -> None:
        if self.path is None:
            self.border_title = "film"
            return
        words, outcome = [printable(self.path.name)], self._outcome
        if outcome is not None and outcome.item.ok and self._low:
            words = [f"{'▲' if outcome.positive else '▽'} {outcome.item.label} {100 * outcome.probability:.1f} %",
                     against(outcome, short=True), *words]  # fmt: skip
        self.border_title = titled(" · ".join(filter(None, words)))

    def _verdict(self, outcome: Outcome, earlier: str) -> Text:
        item = outcome.item
        if not item.ok:
            if item.refused:
                anyway = f"{key_of('classify', 'anyway')}: anyway"
                return Text(f"✗ refused: {printable(item.error)} · {anyway}", style=WARN)
            return Text(f"✗ not classified: {printable(item.error)}", style=WARN)
        positive = f"{printable(list(item.probabilities)[-1])} " if self.app.size.width >= NARROW else ""
        sign, compared = ("▲", "≥") if outcome.positive else ("▽", "<")
        text = Text(f"{sign} {printable(item.label)}", style="bold")
        value = f"{positive}{100 * outcome.probability:.1f} % {compared} {item.threshold:.2f}"
        text.append(f" · {value}", style="not bold")
        if known := against(outcome):
            style = {True: GOOD, False: BAD, None: ""}[outcome.right]
            text.append(f" · {printable(known)}", style=f"not bold {style}")
        if earlier:
            text.append(f" · by {printable(earlier)}", style=f"not bold {WARN}")
        return text
