"""Compares runs: what differs between them, their results, and the differences to one of them, the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cxrtui.errors import CheckCancelled, never_cancelled
from cxrtui.evaluation.comparison import films
from cxrtui.evaluation.comparison.paired import Paired, difference
from cxrtui.evaluation.comparison.results import Result, result_of, sketch_of
from cxrtui.printable import in_list
from cxrtui.runs import compare as logs
from cxrtui.runs.compare import Difference
from cxrtui.runs.events import EarlyStopping, Evaluated
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.state import RunState

SPLITS = ("test", "validation")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: the runs as they were read.
        reference: the place of the run that the others are compared with.
        settings: those that differ.
        facts: what else differs.
        remarks: sentences on what speaks against the comparison, the worst first.
        results: by split, the results of each run; None where it has none.
        paired: by split, the difference of each run to the reference; None for the reference itself and where one of
            both has no result.
        complete: whether all intervals and differences are there.
    """

    runs: tuple[Snapshot, ...]
    reference: int = 0
    settings: Sequence[Difference] = ()
    facts: Sequence[Difference] = ()
    remarks: Sequence[str] = ()
    results: Mapping[str, Sequence[Result | None]] = field(default_factory=dict)
    paired: Mapping[str, Sequence[Paired | None]] = field(default_factory=dict)
    complete: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; a number that is unknown is NaN, which `strict_json` writes as null."""
        return {
            "runs": [self._run(place) for place in range(len(self.runs))],
            "reference": self.runs[self.reference].run.name,
            "settings": {item.name: list(item.values) for item in self.settings},
            "other": {item.name: list(item.values) for item in self.facts},
            "remarks": list(self.remarks),
        }

    def _run(self, place: int) -> dict[str, Any]:
        snapshot = self.runs[place]
        state, early = snapshot.state, snapshot.state.early
        last = state.steps[-1] if len(state.steps) else None
        return {
            "run": snapshot.run.name, "status": snapshot.word, "epoch": state.epoch,
            "epochs": last.epochs if last is not None else None, "step": state.step,
            "metric": early.metric if early else None, "best": early.best if early else None,
            "best_epoch": early.best_epoch if early else None, "seconds": seconds(state),
            "results": {split: item.as_dict() for split, found in self.results.items() if (item := found[place])},
            "differences": {split: pair.as_dict() for split, pairs in self.paired.items() if (pair := pairs[place])},
        }  # fmt: skip


class Comparer:
    """Compares runs again and again while they grow: what was computed of an evaluation is kept."""

    def __init__(self) -> None:
        self._results: dict[tuple[Run, str], tuple[object, Result | None]] = {}
        self._paired: dict[tuple[Run, Run, str], tuple[Result, Result, Paired]] = {}
        self._splits: dict[Run, tuple[str, Mapping[str, str] | None]] = {}

    def is_quick(self, runs: Sequence[Snapshot], reference: int = 0) -> bool:
        """Return whether `compare` needs no bootstrap for these runs, because it was made before."""
        base = runs[reference]
        return all(
            (self._known_result(item, split) is not None)
            and (item is base or split not in base.state.evaluations or (item.run, base.run, split) in self._paired)
            for item in runs
            for split in item.state.evaluations
        )

    def sketch(self, runs: Sequence[Snapshot], reference: int = 0) -> Comparison:
        """Compare `runs` with the one at `reference` as far as nothing must be computed for it."""
        results: dict[str, Sequence[Result | None]] = {}
        for split in _splits(runs):
            found = [self._known_result(item, split) or sketch_of(item.state, split) for item in runs]
            if any(found):
                results[split] = found
        return self._comparison(runs, reference, results, {}, complete=False)

    def compare(
        self, runs: Sequence[Snapshot], reference: int = 0, check_cancelled: CheckCancelled = never_cancelled
    ) -> Comparison:
        """Compare `runs` with the one at `reference`. The bootstrap takes seconds for each run if there are many films.

        Raises:
            Cancelled: `check_cancelled` raised it between two metrics.
        """
        results: dict[str, Sequence[Result | None]] = {}
        for split in _splits(runs):
            found = [self._result(item, split, check_cancelled) for item in runs]
            if any(found):
                results[split] = found
        paired: dict[str, Sequence[Paired | None]] = {}
        for split, of_runs in results.items():
            pairs = [
                self._difference(runs, of_runs, place, reference, split, check_cancelled) for place in range(len(runs))
            ]
            if any(pairs):
                paired[split] = pairs
        return self._comparison(runs, reference, results, paired, complete=True)

    def _comparison(
        self, runs: Sequence[Snapshot], reference: int, results: Mapping[str, Sequence[Result | None]],
        paired: Mapping[str, Sequence[Paired | None]], *, complete: bool,
    ) -> Comparison:  # fmt: skip
        states, splits = [item.state for item in runs], self._films(runs, reference)
        return Comparison(
            tuple(runs), reference, logs.settings_that_differ(states), logs.facts_that_differ(states),
            [*films.remarks(runs, reference, splits), *logs.remarks(runs), *films.unknown(runs, reference, splits),
             *_missing(runs, results)],
            results, paired, complete,
        )  # fmt: skip

    def _known_result(self, item: Snapshot, split: str) -> Result | None:
        known = self._results.get((item.run, split))
        return known[1] if known is not None and known[0] is _source(item, split) else None

    def _result(self, item: Snapshot, split: str, check_cancelled: CheckCancelled) -> Result | None:
        known = self._known_result(item, split)
        if known is None:
            known = result_of(item.run, item.state, split, check_cancelled)
            self._results[item.run, split] = _source(item, split), known
        return known

    def _difference(
        self, runs: Sequence[Snapshot], results: Sequence[Result | None], place: int, reference: int, split: str,
        check_cancelled: CheckCancelled,
    ) -> Paired | None:  # fmt: skip
        run, other = results[place], results[reference]
        if place == reference or run is None or other is None:
            return None
        key = (runs[place].run, runs[reference].run, split)
        known = self._paired.get(key)
        if known is None or known[0] is not run or known[1] is not other:
            if run.best_epoch or other.best_epoch:
                found = Paired(why="not tested yet (only validated)")
            else:
                found = difference(run.films, other.films, check_cancelled)
            known = self._paired[key] = (run, other, found)
        return known[2]

    def _films(self, runs: Sequence[Snapshot], reference: int) -> dict[Run, Mapping[str, str] | None]:
        """Return the splits of the runs whose films may not be those of the reference."""
        base = runs[reference]
        others = [item for item in runs if item is not base and item.state.data and not films.same_splits(item, base)]
        found: dict[Run, Mapping[str, str] | None] = {}
        for item in [*others, base] if others else []:
            division = item.state.data.division if item.state.data is not None else ""
            if item.run not in self._splits or self._splits[item.run][0] != division:
                self._splits[item.run] = division, films.splits_of(item.run)
            found[item.run] = self._splits[item.run][1]
        return found


def _splits(runs: Sequence[Snapshot]) -> list[str]:
    return list(dict.fromkeys((*SPLITS, *(split for item in runs for split in item.state.evaluations))))


def _source(item: Snapshot, split: str) -> Evaluated | EarlyStopping | None:
    """Return the event that a result is made from; another event means another result."""
    event = item.state.evaluations.get(split)
    return event if event is not None or split != "validation" else item.state.early


def seconds(state: RunState) -> float:
    """Return how long the epochs with their validations took, in seconds, without pauses; NaN before the first one."""
    if not len(state.epochs):
        return math.nan
    return sum(item.seconds for item in state.epochs) + sum(item.seconds for item in state.validations)


def _missing(runs: Sequence[Snapshot], results: Mapping[str, Sequence[Result | None]]) -> list[str]:
    """Return a sentence on each file that is missing or cannot be used."""
    return [
        f"{in_list(item.run.name)}: {result.missing}; its intervals come from counts alone."
        for found in results.values()
        for item, result in zip(runs, found, strict=True)
        if result is not None and result.missing
    ]
