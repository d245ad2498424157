"""The outcomes of a classification: each film with its verdict and what is known of it; order, filter and summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cxrtui.evaluation.rows import Row
from cxrtui.runs.describe import percent

SORTS = ("as classified", "probability", "name", "verdict")
FILTERS = ("all", "positive", "wrong", "not classified")


class Truth(Protocol):
    """What is known of a film, as `cxrtui.data.sources.truth` finds it."""

    @property
    def label(self) -> str:
        """The word for its class."""

    @property
    def class_index(self) -> int | None:
        """0 (negative), 1 (positive), or None where it is neither."""

    @property
    def said_by(self) -> str:
        """The name of the collection that says it, or ``folder name``."""

    @property
    def view(self) -> str:
        """The view, by the collection."""

    @property
    def source(self) -> str:
        """The source, by the collection."""


@dataclass
class Outcome:
    """One classified film."""

    item: Row
    truth: Truth | None = None

    @property
    def path(self) -> Path:
        """The film."""
        return Path(self.item.file)

    @property
    def probability(self) -> float:
        """The probability of the positive class; NaN where there is none."""
        return list(self.item.probabilities.values())[-1] if self.item.ok else float("nan")

    @property
    def positive(self) -> bool:
        """Whether it is predicted positive."""
        return self.item.ok and self.probability >= self.item.threshold

    @property
    def known(self) -> bool:
        """Whether it was classified and its true class is one of the model's two."""
        return self.item.ok and self.truth is not None and self.truth.class_index is not None

    @property
    def right(self) -> bool | None:
        """Whether the prediction is right; None if that is not known."""
        return self.positive == bool(self.truth.class_index) if self.known and self.truth is not None else None


@dataclass
class Outcomes:
    """All outcomes of one model, in the order in which they came.

    Attributes:
        model: the name of the model.
        all: every outcome.
        sort: one of `SORTS`.
        reverse: whether the order is reversed.
        only: one of `FILTERS`.
        shown: indices into `all` of those that are shown, in the order chosen; `arrange` makes it.
        place_of: the index into `all` of each film.
        truths: what is known of films.
    """

    model: str = ""
    all: list[Outcome] = field(default_factory=list)
    sort: str = SORTS[0]
    reverse: bool = False
    only: str = FILTERS[0]
    shown: list[int] = field(default_factory=list)
    place_of: dict[Path, int] = field(default_factory=dict)
    truths: dict[Path, Truth] = field(default_factory=dict)

    def add(self, items: Iterable[Row]) -> None:
        """Add films; one that comes again takes the place of its earlier outcome, so that each counts once."""
        for item in items:
            outcome = Outcome(item)
            outcome.truth = self.truths.get(outcome.path)
            place = self.place_of.get(outcome.path)
            if place is not None:
                self.all[place] = outcome
                continue
            self.place_of[outcome.path] = len(self.all)
            self.all.append(outcome)
        self.arrange()

    def learn(self, truths: Iterable[tuple[Path, Truth]]) -> None:
        """Take over what is known of films."""
        self.truths.update(truths)
        for outcome in self.all:
            outcome.truth = self.truths.get(outcome.path)
        self.arrange()

    def of(self, path: Path) -> Outcome | None:
        """Return the outcome of a film."""
        place = self.place_of.get(path)
        return None if place is None else self.all[place]

    @property
    def labels(self) -> list[str]:
        """The negative and the positive class of the model; empty while no film has a result."""
        return next((list(outcome.item.probabilities) for outcome in self.all if outcome.item.ok), [])

    def arrange(self) -> None:
        """Filter and sort."""
        places = [place for place, outcome in enumerate(self.all) if self._kept(outcome)]
        if self.sort == "probability":
            places.sort(key=self._by_probability)
        elif self.sort == "name":
            places.sort(key=lambda place: self.all[place].path.name.casefold())
        elif self.sort == "verdict":
            places.sort(key=lambda place: (not self.all[place].positive, self._by_probability(place)))
        if self.reverse:
            places.reverse()
            if self.sort in ("probability", "verdict"):  # a film without a result is last in every order
                places.sort(key=lambda place: not self.all[place].item.ok)
        self.shown = places

    def _kept(self, outcome: Outcome) -> bool:
        match self.only:
            case "positive":
                return outcome.positive
            case "wrong":
                return outcome.right is False
            case "not classified":
                return not outcome.item.ok
            case _:
                return True

    def _by_probability(self, place: int) -> tuple[bool, float]:
        """The most probable first, and those without a result last."""
        ok = self.all[place].item.ok
        return not ok, -self.all[place].probability if ok else 0.0

    # --- summary

    def counts(self) -> str:
        """Return how many films are what, in words."""
        positive = sum(outcome.positive for outcome in self.all)
        failed = sum(not outcome.item.ok for outcome in self.all)
        return (
            f"{len(self.all)} {'film' if len(self.all) == 1 else 'films'}: {positive} positive,"
            f" {len(self.all) - positive - failed} negative" + (f", {failed} not classified" if failed else "")
        )

    def against_truth(self, *, short: bool = False) -> list[str]:
        """Return how the predictions compare with the true classes, with counts; empty if none is known.

        `short`: in fewer words, for a narrow box.
        """
        known = [outcome for outcome in self.all if outcome.known]
        if not known:
            return []
        right = sum(bool(outcome.right) for outcome in known)
        words = [f"{len(known)}{'' if short else ' of'} known{'' if short else ' class'}: {right} right,"
                 f" {len(known) - right} wrong"]  # fmt: skip
        for name, index in (("sens." if short else "sensitivity", 1), ("spec." if short else "specificity", 0)):
            of_class = [outcome for outcome in known if outcome.truth and outcome.truth.class_index == index]
            if of_class:
                found = sum(bool(outcome.right) for outcome in of_class)
                words.append(f"{name} {found}/{len(of_class)} ({percent(found / len(of_class))})")
        sources = sorted({outcome.truth.said_by for outcome in known if outcome.truth})
        return [*words, f"by {', '.join(sources[:3])}{' …' if len(sources) > 3 else ''}"]


def against(outcome: Outcome, *, short: bool = False) -> str:
    """Return the sign and the words for right or wrong; the true class where it is neither; empty if not known."""
    if not outcome.item.ok or outcome.truth is None:
        return ""
    if outcome.right is None:
        return "" if short else f"true {outcome.truth.label} (neither class)"
    if outcome.right:
        return "✓" if short else "✓ right"
    return "✗" if short else f"✗ wrong, true {outcome.truth.label}"
