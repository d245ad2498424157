"""This module finds the confounders of films that were chosen for a training."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxrtui.data.confounders.estimating import estimate
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.found import ALPHA, Estimates
from cxrtui.data.confounders.measuring import measured
from cxrtui.data.confounders.verdict import Verdict, verdict_on
from cxrtui.data.films import Film
from cxrtui.data.images.headers import Header
from cxrtui.data.pool import OnProgress
from cxrtui.data.records import Classed
from cxrtui.settings.config import DataConfig
from cxrtui.statistics.estimate import Estimate

FEWEST = 10
"""Patients of each class below which nothing is estimated."""
MOST = 20_000
"""Films from which the confounders are estimated at most: more would hardly narrow an interval."""


@dataclass(frozen=True)
class Confounders:
    """The verdict, and the estimates; these are None where there are too few films, or no classes."""

    verdict: Verdict
    estimates: Estimates | None = None

    def as_list(self) -> list[dict[str, Any]]:
        """Return the kinds as plain values for JSON, the strongest first."""
        if self.estimates is None:
            return []
        return [
            {
                "name": found.kind.key, "about": found.kind.about, "flagged": found.flagged,
                "auroc": found.auroc.as_dict(), "p": found.p,
                "within_source": _plain(found.within_source, found.within_source_p),
                "as_seen": _plain(found.as_seen, found.as_seen_p),
            }
            for found in self.estimates.found
        ]  # fmt: skip


def confounders_of(
    chosen: Sequence[tuple[Film, int]],
    names: Sequence[str],
    headers: Mapping[str, Header],
    root: Path,
    data: DataConfig,
    on_progress: OnProgress,
    *,
    decoded: bool = True,
    assumed: bool = False,
) -> Confounders:
    """Return the confounders of the films in `chosen`, each given with its class, 0 or 1.

    Args:
        chosen: the films that a training would use; those of one person have one patient, also those of copies.
        names: of the negative and the positive class.
        headers: the header of each film that can be read, by its name; the others do not count.
        root: the folder of the films' collection.
        data: settings that decide how the network sees the films.
        on_progress: called with the phase, what is done, and the total; it may raise an error to end the search.
        decoded: whether to decode the films; otherwise only names, headers and tables are used.
        assumed: whether the classes are not clear and these are only suggested, which the verdict then says.
    """
    whole = Classed((film, index) for film, index in chosen if film.name in headers)
    count, readable = len(whole), drawn(whole, MOST)
    patients = [len({film.patient for film, index in readable if index == place}) for place in (0, 1)]
    if min(patients) < FEWEST:
        fewer = int(patients[1] < patients[0])
        return Confounders(Verdict.unknown(
            "there are too few patients to say what a classifier could cheat with: "
            f"{patients[fewer]} of {names[fewer]}, and each class needs {FEWEST}"
        ))  # fmt: skip
    found = measured([film for film, _ in readable], root, data, on_progress) if decoded else [None] * len(readable)
    films = [
        Known(film, index, headers[film.name], measures)
        for (film, index), measures in zip(readable, found, strict=True)
        if measures is not None or not decoded
    ]
    if len({film.class_index for film in films}) < 2 or len({film.film.patient for film in films}) < FEWEST:
        return Confounders(Verdict.unknown("the films could not be measured, so nothing is said of confounders"))
    estimates = estimate(films, lambda done, total: on_progress("estimating confounders", done, total))
    verdict = verdict_on(estimates, films, names, data)
    if assumed:
        unclear = f"the classes are not clear; this is for {names[1]} against {names[0]}"
        verdict = replace(verdict, advice=(unclear, *verdict.advice))
    if len(readable) < count:
        said = f"estimated from {len(readable):,} of {count:,} films, those of patients who were drawn"
        verdict = replace(verdict, advice=(*verdict.advice, said))
    return Confounders(verdict, estimates)


def drawn(films: Sequence[tuple[Film, int]], most: int) -> list[tuple[Film, int]]:
    """Return at most about `most` of `films`, in their order: all films of patients who are drawn, the same each time.

    Half of them are of each class, or fewer where a class has fewer. The last patient's films may exceed the number.
    """
    if len(films) <= most:
        return list(films)
    held: defaultdict[str, list[int]] = defaultdict(list)
    for place, (film, _) in enumerate(films):
        held[film.patient].append(place)
    positive = sum(index for _, index in films)
    smaller = min(positive, len(films) - positive, most // 2)
    room = [most - smaller, smaller] if positive < len(films) - positive else [smaller, most - smaller]
    taken: list[int] = []
    for patient in sorted(held, key=lambda name: hashlib.sha256(name.encode()).digest()):
        counts = Counter(films[place][1] for place in held[patient])
        if any(room[index] > 0 for index in counts):
            taken += held[patient]
            for index, number in counts.items():
                room[index] -= number
        if max(room) <= 0:
            break
    return [films[place] for place in sorted(taken)]


def _plain(found: Estimate | None, p: float) -> dict[str, Any] | None:
    return None if found is None else {**found.as_dict(), "p": p, "flagged": p <= ALPHA}
