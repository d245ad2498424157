"""The results: a line for each classified film, with its probability as a bar on which a tick marks the threshold."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from cxrtui.data.films import printable
from cxrtui.evaluation.rows import Row
from cxrtui.tui import memory
from cxrtui.tui.classify.outcomes import FILTERS, SORTS, Outcome, Outcomes, against
from cxrtui.tui.door import titled
from cxrtui.tui.keys import key_of
from cxrtui.tui.theme import BAD, BUSY, GOOD, WARN
from cxrtui.tui.widgets.bars import probability, shortened
from cxrtui.tui.widgets.lines import Lines

SLIM = 40
"""Width in cells below which there is no bar."""
NARROW_BOX = 60
"""Width in cells below which the summary has fewer words."""
WORDS = 8
"""Width of the bar in cells below which right or wrong is only a sign, before the label: there is no room for words."""


def row(item: Row, width: int, name_width: int, outcome: Outcome | None = None) -> tuple[Text, Text, Text]:
    """Return the cells of a row: file; bar and percentage of the positive class; label, right or wrong, notes.

    Args:
        item: the classified file.
        width: of the bar, cells; 0 for no bar.
        name_width: of the file's name, cells.
        outcome: what is known of the film, if anything is.
    """
    name = Text(shortened(printable(Path(item.file).name), name_width), no_wrap=True)
    if not item.ok:
        return name, Text(_none(item, width > 0), style=WARN), Text(printable(item.error), style=WARN)
    value = list(item.probabilities.values())[-1]
    positive = value >= item.threshold
    text = probability(value, item.threshold, width, WARN if positive else BUSY) if width else Text()
    text.append(f"{' ' if width else ''}{100 * value:{5.1 if width else 4.1}f} %")
    label = Text(f"{'▲' if positive else '▽'} {printable(item.label)}", style="bold" if positive else "")
    if outcome is not None and (known := against(outcome, short=width < WORDS)):
        style = {True: GOOD, False: BAD, None: ""}[outcome.right]
        if width >= WORDS:
            label.append(f" · {printable(known)}", style=f"not bold {style}")
        else:
            label = Text.assemble((f"{known} ", style), label)
    for note in item.notes:
        label.append(f" · {printable(note)}", style=f"not bold {WARN}")
    return name, text, label


def _none(item: Row, wide: bool) -> str:
    """Return why there is no probability, in the room for one."""
    if item.refused:
        return "✗ refused" if wide else "✗ ref."
    return "✗ no result" if wide else "✗ none"


def widths(room: int) -> tuple[int, int]:
    """Return the widths of the bar and of the name, for lines of `room` cells."""
    if room < SLIM:
        return 0, max(7, room - 23)
    bar = 24 if room > 100 else 8 if room > 60 else 6
    return bar, max(12, min(48, room - bar - (30 if room < 60 else 48)))


class Results(Vertical):
    """Shows `outcomes`: a summary, the header and the lines."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.outcomes = Outcomes(sort=memory.get("classify.sort", SORTS[0], SORTS),
                                 reverse=memory.get("classify.reverse", False))  # fmt: skip
        self.earlier = False
        """Whether they are of another model than the one that is chosen now."""

    def compose(self) -> ComposeResult:
        """Put the summary above the lines."""
        yield Static(id="summary", markup=False)
        yield Static(id="results-head", markup=False)
        yield Lines(self._line, id="classified")

    def on_mount(self) -> None:
        """Show that there is nothing yet."""
        self.update()

    @property
    def lines(self) -> Lines:
        """The list of lines."""
        return self.query_one("#classified", Lines)

    def start(self, model: str) -> None:
        """Remove the results of the last classification; order and filter stay."""
        self.outcomes = Outcomes(model, sort=self.outcomes.sort, reverse=self.outcomes.reverse, only=FILTERS[0])
        self.earlier = False
        self.update(cursor=0)

    def update(self, path: Path | None = None, cursor: int | None = None) -> None:
        """Show the outcomes as they are now; the cursor stays on the film at `path`, or else goes to `cursor`."""
        shown = self.outcomes.shown
        if path is not None and (place := self.outcomes.place_of.get(path)) is not None and place in shown:
            cursor = shown.index(place)
        self.lines.refresh_lines(len(shown), cursor)
        every = bool(self.outcomes.all)
        summary = self.query_one("#summary", Static)
        self.query_one("#results-head").set_class(not every, "-none")
        words = [self.outcomes.counts(), *self.outcomes.against_truth(short=self.size.width < NARROW_BOX)]
        summary.update(" · ".join(words) if every else "no film is classified yet")
        self.border_title = titled(" · ".join(self._title()))
        self._show_threshold()
        self.query_one("#results-head", Static).update(self._head())

    def _title(self) -> list[str]:
        outcomes, words = self.outcomes, ["results"]
        if self.earlier and outcomes.all:
            words = [f"results of {outcomes.model}, an earlier model · {key_of('classify', 'again')} again"]
        if outcomes.sort != SORTS[0] or outcomes.reverse:
            words.append(f"by {outcomes.sort}{' ↑' if outcomes.reverse else ' ↓'}")
        if outcomes.only != FILTERS[0]:
            words.append(f"only {outcomes.only}: {len(outcomes.shown)}")
        return words

    def _head(self) -> Text:
        bar, name = widths(self.lines.scrollable_content_region.width)
        middle = "Probability" if bar else "Prob."
        return Text(f"{'Film':<{name}} {middle:<{bar + 8 if bar else 6}} Verdict", style="dim", no_wrap=True)

    def _line(self, place: int, width: int) -> Text:
        outcome = self.outcomes.all[self.outcomes.shown[place]]
        bar, name_width = widths(width)
        name, middle, label = row(outcome.item, bar, name_width, outcome)
        line = Text(set_cell_size(name.plain, name_width) + " ")
        line.append_text(middle)
        line.append(" " * max(1, (bar + 9 if bar else 7) - middle.cell_len))
        return line.append_text(label)

    def _show_threshold(self) -> None:
        """Show on the border the class of the probability, and the threshold, which must never be cut off."""
        self.border_subtitle = ""
        if outcome := next((outcome for outcome in self.outcomes.all if outcome.item.ok), None):
            label, threshold = list(outcome.item.probabilities)[-1], f"┃ threshold {outcome.item.threshold:.2f}"
            text = f"probability of {label} · {threshold}"
            self.border_subtitle = titled(text if cell_len(text) <= self.size.width - 2 else f"{threshold} · {label}")

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self.call_after_refresh(self.update)

    @property
    def under_cursor(self) -> Outcome | None:
        """The outcome of the line under the cursor."""
        shown = self.outcomes.shown
        return self.outcomes.all[shown[self.lines.cursor]] if self.lines.cursor < len(shown) else None

    def beside(self, count: int = 2) -> list[Path]:
        """Return the films that are `count` lines or less from the cursor, the next ones first."""
        shown, cursor = self.outcomes.shown, self.lines.cursor
        places = [cursor + by for step in range(1, count + 1) for by in (step, -step)]
        return [self.outcomes.all[shown[place]].path for place in places if 0 <= place < len(shown)]

    def sort(self) -> None:
        """Sort by the next of `SORTS`."""
        self._arrange(sort=SORTS[(SORTS.index(self.outcomes.sort) + 1) % len(SORTS)])

    def reverse(self) -> None:
        """Reverse the order."""
        self._arrange(reverse=not self.outcomes.reverse)

    def filter(self) -> None:
        """Show only the next of `FILTERS`."""
        self._arrange(only=FILTERS[(FILTERS.index(self.outcomes.only) + 1) % len(FILTERS)])

    def _arrange(self, **changes: object) -> None:
        under = self.under_cursor
        for key, value in changes.items():
            setattr(self.outcomes, key, value)
        memory.set("classify.sort", self.outcomes.sort)
        memory.set("classify.reverse", self.outcomes.reverse)
        self.outcomes.arrange()
        self.update(under.path if under else None, cursor=0)
