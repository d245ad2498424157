"""The Evaluate screen: the evaluations of one run, and all that is known of the one that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import DataTable, Static

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.tui import reporting
from cxrtui.tui.evaluate.content import View
from cxrtui.tui.evaluate.head import Head
from cxrtui.tui.evaluate.panels import Confusion, EvaluationsTable, GroupTables, Histogram, Numbers, Panel, Said
from cxrtui.tui.evaluate.panels import ScrolledPanel as Scrolled
from cxrtui.tui.evaluate.reading import Look, Reader
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Notice
from cxrtui.tui.theme import FAINT
from cxrtui.tui.threads import result_of
from cxrtui.tui.watch import Seen
from cxrtui.tui.watching import WatchingPage
from cxrtui.tui.widgets.charts.actions import ChartActions
from cxrtui.tui.widgets.charts.shares import ShareChart

POLL_SECONDS = 1.0
BROAD = 150  # columns from which numbers, curves and groups stand beside one another
VIEWS = ("all", "numbers", "counts", "curves", "benefit", "groups", "said")
FIGURES = {"roc": "#evaluate-roc", "precision_recall": "#evaluate-pr", "reliability": "#evaluate-reliability",
           "decision": "#evaluate-decision"}  # fmt: skip
_FOCUSED = {"all": "#evaluate-list", "numbers": "#evaluate-numbers", "curves": "#evaluate-roc",
            "benefit": "#evaluate-reliability", "groups": "#evaluate-groups", "said": "#evaluate-said"}  # fmt: skip
_PROBLEMS = 3  # sentences on files that are not shown
_NOT_FOR_SHARES = ("unit", "smoother", "rougher", "raw", "log_axis")
"""Keys of charts that mean nothing where positions and values are shares."""


class EvaluateScreen(ChartActions, WatchingPage[None]):
    """Shows the evaluations of `run`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("evaluate", "everywhere", "chart")
    AUTO_FOCUS = "#evaluate-list"
    HORIZONTAL_BREAKPOINTS = [*Page.HORIZONTAL_BREAKPOINTS, (BROAD, "-broad")]  # noqa: RUF012
    sections = ("evaluate", "everywhere", "chart")

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.where = f"Evaluate · {run.name}"
        self.look = Look()
        self._name = ""  # of the evaluation that is shown
        self._view = VIEWS[0]

    def compose_body(self) -> ComposeResult:
        """Put the first warning above the numbers, the curves and the groups."""
        yield Head(id="evaluate-head")
        yield Static(id="evaluate-problem", classes="box", markup=False)
        yield Static(id="evaluate-nothing")
        with Container(id="evaluate-board"):
            with Vertical(id="evaluate-side"):
                yield EvaluationsTable(id="evaluate-list")
                yield Numbers(id="evaluate-numbers")
                yield Said(id="evaluate-said")
                yield GroupTables(id="evaluate-groups")
            with Container(id="evaluate-figures"):
                yield ShareChart("ROC", "1 − specificity", percent=True, id="evaluate-roc")
                yield ShareChart("PR curve", "recall", percent=True, id="evaluate-pr")
                yield ShareChart("reliability", "probability", percent=True, id="evaluate-reliability")
                yield ShareChart("decision", "threshold", id="evaluate-decision")
                yield Confusion(id="evaluate-confusion")
                yield Histogram(id="evaluate-histogram")

    def on_mount(self) -> None:
        """Start a thread that reads the files."""
        self.add_class("-evaluate-all")
        self.follow(f"read evaluations of {self.run.name}", Reader(self.run).looks, POLL_SECONDS)
        self._show()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._show)

    @on(Seen)
    def _seen(self, message: Seen) -> None:
        """Show what the thread has read."""
        look = message.watch.take()
        if look is None:
            return
        first, self.look = not self.look.views, look
        if first and look.views:
            names = [view.name for view in look.views]
            self._name = "test" if "test" in names else names[0]
        self._show()
        self.refresh_bindings()

    # --- what is shown

    @property
    def _place(self) -> int:
        """The place of the evaluation that is shown."""
        names = [view.name for view in self.look.views]
        return names.index(self._name) if self._name in names else 0

    @property
    def chosen(self) -> View | None:
        """The evaluation that is shown."""
        return self.look.views[self._place] if self.look.views else None

    def _show(self) -> None:
        views, view = self.look.views, self.chosen
        self.query_one(Head).show(views, self._place, self.size)
        problem, nothing = self.query_one("#evaluate-problem", Static), self.query_one("#evaluate-nothing", Static)
        problem.display = bool(self.look.problems)
        problem.update("\n".join(self.look.problems[:_PROBLEMS]))
        count, key = len(self.look.problems), key_of("evaluate", "remarks")
        problem.border_title = "not shown" if count <= _PROBLEMS else f"not shown ({key}: all {count})"
        nothing.display, self.query_one("#evaluate-board").display = view is None, view is not None
        if view is None:
            nothing.update(_nothing(self.look))
            return
        self.query_one(EvaluationsTable).show(views, self._place)
        for scrolled in self.query(Scrolled):
            scrolled.show(view)
        self.redraw_charts()

    def redraw_charts(self) -> None:
        """Draw the curves and the counts of the evaluation that is shown."""
        view = self.chosen
        if view is None:
            return
        for name, place in FIGURES.items():
            figure = view.figures[name]
            self.query_one(place, ShareChart).show_curves(figure.lines, figure.about, figure.empty)
        for panel in self.query(Panel):
            panel.show(view, self.chart_options.mode)

    @on(DataTable.RowHighlighted, "#evaluate-list")
    def _another(self, message: DataTable.RowHighlighted) -> None:
        if message.cursor_row < len(self.look.views):
            self._choose(message.cursor_row)

    def _choose(self, place: int) -> None:
        name = self.look.views[place].name
        if name != self._name:
            self._name = name
            for chart in self.charts():
                chart.reset()
            self._show()
            self.refresh_bindings()

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys only for what is there."""
        if action in _NOT_FOR_SHARES:
            return False
        if not self.is_mounted:
            return True
        if action in ("next", "previous"):
            return len(self.look.views) > 1
        if action == "remarks":
            return bool(self.look.problems) or (self.chosen is not None and bool(self.chosen.cautions))
        return action != "view" or self.chosen is not None

    def action_view(self) -> None:
        """Show all parts, or one kind of them, in turn."""
        self.see(VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)])

    def see(self, view: str) -> None:
        """Show one of `VIEWS`."""
        self.remove_class(f"-evaluate-{self._view}")
        self._view = view
        self.add_class(f"-evaluate-{view}")
        self.set_focus(self.query_one(_FOCUSED[view]) if view in _FOCUSED else None)
        self.call_after_refresh(self._show)

    def _step(self, by: int) -> None:
        if self.look.views:
            self._choose((self._place + by) % len(self.look.views))

    def action_next(self) -> None:
        """Show the next evaluation."""
        self._step(1)

    def action_previous(self) -> None:
        """Show the evaluation before."""
        self._step(-1)

    def action_remarks(self) -> None:
        """Show each warning whole, and which files are not shown."""
        view = self.chosen
        cautions = view.cautions if view is not None else ()
        title = f"What speaks against {printable(view.name)}" if view is not None and cautions else "Not shown"
        self.app.push_screen(Notice(title, "\n\n".join((*cautions, *self.look.problems))))

    @work
    async def action_report(self) -> None:
        """Write the page on the run."""
        place: Path = self.dashboard.workspace.root / reporting.FOLDER
        self.notify(f"{printable(self.run.name)} → {printable(place)}", title="Writing the report", markup=False)
        try:
            file = await result_of("write report", reporting.write, self.run, place, self.dashboard.backend.report)
        except CxrtuiError as error:
            self.app.push_screen(Notice("No report", str(error)))
        else:
            self.notify(printable(file), title="Report", markup=False, timeout=10)

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()


def _nothing(look: Look) -> Text:
    """Return what is said of a run without an evaluation."""
    if look.word == "reading":
        return Text("reading the run …", style=FAINT)
    if look.working:
        return Text("reading its evaluations …", style=FAINT)
    why = "It was not evaluated before it ended."
    if look.word not in ("stopped", "failed", "interrupted", "finished", "unreadable", "empty"):
        why = "Its validation and test films are evaluated when it ends."
    return Text.assemble(
        ("This run has no evaluation.\n\n", "bold"), why,
        "\n\nOther films: cxrtui evaluate RUN --data FOLDER --keep NAME",
    )  # fmt: skip
