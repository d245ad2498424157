"""The panels of what decides, and of what the best configuration reached at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from cxrtui.settings.sections import EVALUATED
from cxrtui.tui.theme import FAINT, SERIES
from cxrtui.tui.tune.scale import names
from cxrtui.tui.widgets.bars import bar
from cxrtui.tui.widgets.early import amount, metric_name

if TYPE_CHECKING:
    from cxrtui.search.result import Result
    from cxrtui.search.snapshot import Snapshot
    from cxrtui.statistics.spread import Spread

_SHARE = 7  # cells of a percentage


class Importances(Static):
    """A bar for each searched setting: how much it decides whether a trial is among the best."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "what decides"
        self.border_subtitle = "PED-ANOVA"
        self._key: tuple[object, ...] = ()
        self._found: Snapshot | None = None

    def on_resize(self) -> None:
        """Show the names as long as there is room for now: the first time may come before the panel has a size."""
        if self._found is not None:
            self.show(self._found)

    def show(self, found: Snapshot) -> None:
        """Show the importances, the greatest first."""
        self._found = found
        key = (dict(found.importances), found.counts.get("finished", 0), self.size)
        if key == self._key:
            return
        self._key = key
        if not found.importances:
            self.update(Text("Unknown before 8 trials have finished with different objectives.", style=FAINT))
            return
        known = names(found.plan.space)
        shares = sorted(found.importances.items(), key=lambda item: -item[1])
        width = min(max(len(known[key]) for key, _ in shares), max(8, self.size.width // 2))
        room = max(4, self.size.width - width - _SHARE - 1)
        most = max(share for _, share in shares)
        lines = [
            Text.assemble(f"{known[key]:<{width}.{width}} ", bar(share / most if most else 0.0, room, SERIES[0][0]),
                          f"{share:{_SHARE}.1%}")
            for key, share in shares
        ]  # fmt: skip
        self.update(Group(*lines))


class ResultBox(VerticalScroll, can_focus=True):
    """What the search promised, what held and what did not, in words and numbers."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(Static(classes="tune-result-text"), id=id, classes="box")
        self.border_title = "result"
        self._key: tuple[object, ...] = ("",)

    def show(self, found: Snapshot) -> None:
        """Show the result, or how it will be made."""
        key = (found.result, found.plan.tune, found.left)
        if key == self._key:
            return
        self._key = key
        text = self.query_one(Static)
        if found.result is None:
            text.update(Text(_awaited(found), style=FAINT))
        else:
            parts = [Text(found.result.words)]
            if found.left:
                parts.insert(0, Text(f"{found.left} more trials are wanted since; they may give another result.\n"))
            text.update(Group(*parts, "", _table(found.result)) if found.result.runs else Group(*parts))


def _awaited(found: Snapshot) -> str:
    seeds = found.plan.tune.seeds
    if not seeds:
        return (
            "The best configuration is not trained anew, because tune.seeds is 0; how much of what it promises holds "
            "stays unknown, for the best of many trials is partly the luckiest one."
        )
    return (
        f"Once all trials have ended, the best configuration is trained anew with {seeds} seeds that no trial had, and "
        "each training is evaluated once on the test films, which no trial looks at."
    )


def _table(result: Result) -> Table:
    """Return each metric, its mean and standard deviation on either split."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("with other seeds", style="dim")
    for split in EVALUATED:
        table.add_column(split)
    for name in result.splits.get("test", {}):
        if name in _SHOWN:
            cells = (_spread_text(name, result.splits.get(split, {}).get(name)) for split in EVALUATED)
            table.add_row(metric_name(name), *cells)
    return table


_SHOWN = ("accuracy", "auroc", "sensitivity", "specificity", "loss")


def _spread_text(name: str, values: Spread | None) -> str:
    if values is None:
        return "–"
    deviation = values.deviation
    return amount(name, values.mean) + ("" if deviation != deviation else f" ± {amount(name, deviation)}")
