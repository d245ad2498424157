"""This module says in words what a classifier could cheat with, how far it would get, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.found import Estimates, Found
from cxrtui.printable import listing
from cxrtui.settings.config import DataConfig
from cxrtui.statistics.estimate import CONFIDENCE

_SOURCES = 8  # that a remedy names


@dataclass(frozen=True)
class Verdict:
    """`text` is one sentence without a full stop; `advice` are more of them. `ok` is None where nothing is known."""

    ok: bool | None
    text: str
    advice: tuple[str, ...] = ()

    @classmethod
    def unknown(cls, why: str) -> Verdict:
        """Return the verdict that nothing is known, and why."""
        return cls(None, why)

    @property
    def in_full(self) -> str:
        """The text and all advice, each a sentence."""
        return " ".join(f"{text[0].upper()}{text[1:]}." for text in (self.text, *self.advice))


def verdict_on(estimates: Estimates, films: Sequence[Known], names: Sequence[str], data: DataConfig) -> Verdict:
    """Return the verdict on `films`, whose negative and positive class have `names`."""
    flagged = [found for found in estimates.found if found.flagged]
    limits = _limits(estimates, films)
    if not flagged:
        where = "outside the lungs" if estimates.together is not None else "in names, headers and tables"
        largest = max(estimates.found, key=lambda found: found.auroc.value)
        text = (
            f"nothing that was measured {where} tells {names[1]} from {names[0]}: the largest AUROC of "
            f"{len(estimates.found)} kinds is {largest.auroc.value:.2f} ({largest.kind.key}), which chance may give too"
        )
        return Verdict(True, text, tuple(limits))
    given = ", ".join(f"{found.kind.key} ({found.strength:.2f})" for found in flagged)
    text = f"a classifier can tell {names[1]} from {names[0]} without the lungs, by (AUROC) {given}"
    advice = (*_how_far(estimates, flagged, data), *_within(flagged), *_remedies(flagged), *_sources(films), *limits)
    return Verdict(False, text, advice)


def _how_far(estimates: Estimates, flagged: Sequence[Found], data: DataConfig) -> list[str]:
    """Return how far a network gets by what it sees outside the lungs, after the mitigations of the settings."""
    if (most := estimates.together) is None:
        return []
    left = ", ".join(f"{found.kind.key} ({found.as_seen.value:.2f})" for found in flagged
                     if found.remains and found.as_seen is not None)  # fmt: skip
    remaining = f"there remain {left}" if left else "no kind on pixels raises an alarm of its own"
    said = [
        f"as the network sees the films, at data.size={data.size} and data.resize_mode={data.resize_mode}, "
        f"{remaining}; all that it sees there gets "
        f"it to AUROC {most.value:.2f} ({CONFIDENCE:.0%} interval {most.low:.2f} to {most.high:.2f})"
    ]
    if hidden := [found.kind.key for found in flagged if found.as_seen is None]:
        said.append(f"the network is not given {listing(hidden)}, but may read from the pixels what made them differ")
    return said


def _within(flagged: Sequence[Found]) -> list[str]:
    """Return which kinds tell the classes apart among films of one source, and which do so only between sources."""
    asked = [found for found in flagged if found.within_source is not None]
    held = [found for found in asked if found.holds_within]
    said = []
    if held:
        words = ", ".join(f"{found.kind.key} ({found.within_source.value:.2f})" for found in held
                          if found.within_source is not None)  # fmt: skip
        said.append(f"also among films of one source, where that holds both classes: {words}")
    if between := [found.kind.key for found in asked if found not in held]:
        verb = "do" if len(between) > 1 else "does"
        said.append(f"among films of one source, {listing(between)} {verb} not tell the classes apart with certainty")
    return said


def _remedies(flagged: Sequence[Found]) -> list[str]:
    """Return what to do about each kind."""
    return [f"{found.kind.key}: {found.kind.remedy}" for found in flagged]


def _sources(films: Sequence[Known]) -> list[str]:
    """Return which sources hold both classes, where only some or none do."""
    classes: defaultdict[str, set[int]] = defaultdict(set)
    for film in films:
        classes[film.film.source].add(film.class_index)
    both = sorted(source for source, held in classes.items() if source and len(held) == 2)
    if len(classes) < 2 or len(both) == len(classes):
        return []
    if not both:
        return ["no source holds both classes, so no mitigation can part the disease from its source"]
    others = " and others" * (len(both) > _SOURCES)
    return [f"sources that hold both classes: {listing(both[:_SOURCES])}{others}"]


def _limits(estimates: Estimates, films: Sequence[Known]) -> list[str]:
    """Return what was not measured, and what could go unnoticed."""
    patients = len({film.film.patient for film in films})
    said = [f"with {patients:,} patients, a confounder of AUROC below {estimates.noticed:.2f} could go unnoticed"]
    if unknown := sum(not film.film.patient_known for film in films):
        whose = f"{unknown:,} film{'s' * (unknown != 1)} of unknown patients"
        said.append(f"{whose} count as a patient each; intervals may be too narrow")
    if estimates.together is None:
        said.append("pixels were not looked at; inspect without --headers-only to measure those")
    return said
