"""What the list shows of each run; it is made again only if the run, or its part in this dashboard, has changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxrtui.runs.follow import Snapshot
from cxrtui.runs.status import status_word
from cxrtui.tui.page import Services
from cxrtui.tui.runs.columns import Cells, cells_of


class KnownCells:
    """The cells of all runs of the list."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Snapshot, tuple[str, bool, bool], Cells]] = {}

    def of(self, snapshot: Snapshot, dashboard: Services) -> Cells:
        """Return the cells of a run."""
        run, folder = snapshot.run, snapshot.run.folder
        own = dashboard.trains(run)
        word = status_word(snapshot.state, snapshot.alive or own) if snapshot.read else "reading"
        shown = (word, own, snapshot.stopping or (own and dashboard.stops(run)))
        known = self._known.get(folder)
        if known is None or known[0] is not snapshot or known[1] != shown:
            cells = cells_of(snapshot, word, own=own, stopping=shown[2])
            known = self._known[folder] = (snapshot, shown, cells)
        return known[2]

    def word(self, snapshot: Snapshot) -> str:
        """Return the run's status in one word, as it is listed."""
        known = self._known.get(snapshot.run.folder)
        return known[1][0] if known is not None else snapshot.word

    def keep(self, runs: Iterable[Snapshot]) -> None:
        """Forget all runs but these."""
        folders = {snapshot.run.folder for snapshot in runs}
        if self._known.keys() - folders:
            self._known = {folder: known for folder, known in self._known.items() if folder in folders}
