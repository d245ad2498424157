"""The Weights screen: it shows the shelf and the published weights, from which the user chooses initial weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize
from textual.message import Message
from textual.widgets import DataTable, Static

from cxrtui.errors import CxrtuiError, UsageError
from cxrtui.tui import threads
from cxrtui.tui.door import titled
from cxrtui.tui.keys import bindings, key_of
from cxrtui.tui.page import Page
from cxrtui.tui.questions import Choice, Notice, Question
from cxrtui.tui.weights.job_line import JobLine
from cxrtui.tui.weights.jobs import NOT_DONE, Job, Jobs
from cxrtui.tui.weights.place_details import PlaceDetails
from cxrtui.tui.weights.places import Place, clean, look
from cxrtui.tui.weights.port import PortOrder, PortScreen
from cxrtui.tui.weights.shelf_table import ShelfTable
from cxrtui.tui.widgets.find import FindLine, matches
from cxrtui.tui.wording import in_keys
from cxrtui.weights import shelf

TICK = 0.1
_LOOKING = "looking at the shelf…"


class Listed(Message):
    """A thread has looked at the shelf; `name` is the row for the cursor."""

    def __init__(self, places: list[Place], name: str) -> None:
        super().__init__()
        self.places, self.name = places, name


class WeightsScreen(Page[Mapping[str, str]]):
    """Shows the table, the details of the row under the cursor, and the progress of a job.

    Its result is texts for the form of a new run that begins with the chosen weights.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("weights", "everywhere")
    AUTO_FOCUS = "#shelf"
    sections = ("weights", "everywhere")
    where = "Weights"
    place = "Weights"

    def __init__(self, jobs: Jobs, name: str = "", to_port: str = "") -> None:
        """Show the shelf.

        Args:
            jobs: the jobs of the dashboard, which outlive this screen.
            name: the first row of the cursor.
            to_port: a file for which the form of a port opens at once.
        """
        super().__init__()
        self._jobs = jobs
        self._first, self._asking = name, bool(to_port)
        order = PortOrder(to_port, Path(to_port).stem, "") if to_port else None
        self._places: list[Place] = []
        self._note = self._advised = ""
        self._offered: tuple[Place | None, bool] = (None, False)
        self._order: PortOrder | None = None  # the order of the last port
        self._refused: PortOrder | None = order  # the same if it failed, for the user to correct

    def compose_body(self) -> ComposeResult:
        """Put the table, the details, the line of the job, and the note."""
        yield FindLine("words of a name, a format or a licence")
        with Container(id="weights"):
            yield ShelfTable(id="shelf")
            yield PlaceDetails(id="about")
        yield JobLine(id="job")
        yield Static("", id="weights-note", markup=False)

    def on_mount(self) -> None:
        """Look at the shelf, and begin to follow the job."""
        self._table.border_title = titled(f"weights in {self.dashboard.workspace.models}")
        self._say(_LOOKING)
        self._look(self._first)
        self._follow()
        self.set_interval(TICK, self._follow)

    @property
    def _table(self) -> ShelfTable:
        return self.query_one(ShelfTable)

    def _say(self, text: str) -> None:
        self._note = text
        self.query_one("#weights-note", Static).update(clean(text))

    # --- the list

    def _look(self, name: str = "") -> None:
        def work() -> None:
            self.post_message(Listed(look(self.dashboard.workspace.models, self._jobs.checked), name))

        threads.start("look at the shelf", work)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self._places = message.places
        self._table.show(self._found, message.name)
        if self._note == _LOOKING:
            self._note = ""
            self._advise()
        self._offer()
        if self._asking:
            self._asking = False
            self.action_port()

    @property
    def _found(self) -> list[Place]:
        """The places that have the words of the line above the table."""
        words = self.query_one(FindLine).value
        return [place for place in self._places if matches(words, place.searched)]

    @on(FindLine.Words)
    def _narrow(self) -> None:
        self._table.show(self._found)
        self._table.border_subtitle = (
            f"{len(self._found)} of {len(self._places)}" if self._found != self._places else ""
        )
        self._offer()

    def action_find(self) -> None:
        """Type words that the listed weights must have."""
        self.query_one(FindLine).ask(self._table)

    def _advise(self) -> None:
        """Show the advice for the place under the cursor, unless the note shows another text."""
        if self._note == self._advised or not self._note:
            self._advised = self._table.chosen.advice if self._table.chosen else ""
            self._say(self._advised)

    @on(Resize)
    def _resized(self) -> None:
        if self._table.places:
            self._table.show(self._found)

    @on(DataTable.RowHighlighted)
    def _highlighted(self) -> None:
        self._offer()

    def _offer(self) -> None:
        """Show the details of the place under the cursor, and the keys that can be used on it."""
        place = self._table.chosen
        offered = (place, self._jobs.active)
        if offered == self._offered:
            return
        if place != self._offered[0]:
            self.query_one(PlaceDetails).show(place)
            self._advise()
        self._offered = offered
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the actions that are possible for the place under the cursor."""
        if action not in ("use", "fetch", "remove") or not self.is_mounted:
            return True
        place = self._table.chosen
        if place is None:
            return False
        if action == "fetch":
            return place.entry.published is not None and not place.entry.present
        return place.folder_is_here or place.partial > 0 if action == "remove" else True

    # --- jobs

    def _follow(self) -> None:
        """Show the progress of the job, and its end."""
        jobs = self._jobs
        if ended := jobs.take():
            self._ended(ended)
        self.query_one(JobLine).show(jobs.job)
        self._table.mark(jobs.job)
        self._offer()

    def _ended(self, job: Job) -> None:
        if job.kind == "port":
            self._refused = self._order if job.error else None
        self._look(job.name if job.kind in ("fetch", "port") else "")
        self._say(job.outcome)
        if job.error:
            message = in_keys(job.error, here=True)
            self.app.push_screen(Notice(f"{NOT_DONE[job.kind]}: {job.name}", clean(message)))

    def _is_free(self) -> bool:
        """Return whether a job may begin; if not, say so before any question."""
        try:
            self._jobs.check_free()
        except UsageError as error:
            self._say(f"✗ {error}")
            return False
        return True

    def _begin(self, job: Callable[[], None]) -> None:
        try:
            job()
        except CxrtuiError as error:
            self._say(f"✗ {error}")
        else:
            self._say(f"{key_of('weights', 'back')} cancels")
            self._follow()

    @work
    async def action_fetch(self) -> None:
        """Fetch the weights under the cursor; ask first if that replaces a damaged folder."""
        place = self._table.chosen
        if place is None or place.entry.published is None or not self._is_free():
            return
        if place.folder_is_here and not await self._agreed(
            f"Fetch {place.name} again?",
            f"{place.entry.error}\n\nThe folder stays until the new one is whole, and is replaced then.",
            Choice("f", "Fetch again", "yes", "primary"),
        ):
            return
        self._begin(partial(self._jobs.fetch, place.entry.published, force=place.folder_is_here))

    @work
    async def action_port(self) -> None:
        """Ask for a file, and put it on the shelf."""
        if not self._is_free():
            return
        place = self._table.chosen
        missing = None if place is None or place.folder_is_here else place.entry.published
        models = self.dashboard.workspace.models
        order = await self.app.push_screen_wait(PortScreen(models, missing, self._refused))
        if order is None or (
            order.force
            and not await self._agreed(
                f"Replace {order.name}?",
                f"{models / order.name}\n\nIt stays until the new one is whole, and is lost then.",
                Choice("y", "Replace", "yes", "error"),
            )
        ):
            return
        self._order = order
        self._begin(
            partial(
                self._jobs.port,
                order.file,
                order.name,
                order.licence,
                range_=order.range,
                prefix=order.prefix,
                average=order.copy == "ema",
                force=order.force,
            )
        )

    def action_check(self) -> None:
        """Compare the checksums of all folders on the shelf."""
        if any(place.folder_is_here for place in self._places):
            self._begin(partial(self._jobs.check, self._places))
        else:
            self._say("nothing is on the shelf yet")

    @work
    async def action_remove(self) -> None:
        """Remove the place under the cursor, after asking."""
        place = self._table.chosen
        if place is None or not self._is_free():
            return
        if await self._agreed(
            f"Remove {place.name}?" if place.folder_is_here else f"Remove what came of {place.name}?",
            place.loss,
            Choice("y", "Remove", "yes", "error"),
        ):
            self._begin(partial(self._jobs.remove, place))

    async def _agreed(self, title: str, body: str, choice: Choice) -> bool:
        """Ask, with the focus on the answer that changes nothing, and return whether the user agreed."""
        return await self.app.push_screen_wait(Question(title, clean(body), Choice("n", "Keep", ""), choice)) == "yes"

    # --- the other keys

    def action_use(self) -> None:
        """Put the name into the form of a new run."""
        place = self._table.chosen
        if place is None:
            return
        if not place.entry.present and not place.comes_with_a_run:
            self._say(f"✗ {place.advice}")
            return
        by_name = shelf.may_be_called(place.name)
        chosen = {"model.init": place.name if by_name else str(place.entry.folder.absolute())}
        self.dismiss(chosen)

    def action_refresh(self) -> None:
        """Look at the shelf again."""
        self._say(_LOOKING)
        self._look()

    def action_back(self) -> None:
        """List all again, or cancel the running job; if there is none, or it is being cancelled already, go back."""
        if self.query_one(FindLine).clear_words():
            return
        jobs = self._jobs
        if jobs.active and jobs.job is not None and not jobs.job.stopping:
            jobs.cancel()
            self._say("cancelling…")
        else:
            self.dismiss()
