"""This module estimates how well each kind of feature predicts the class, and which do so better than chance.

For each kind, a linear classifier is fitted to four fifths of the patients and scores the rest, five times; the AUROC
of these scores gets an interval by drawing patients. Chance is what the same procedure gives after the labels have been
permuted among patients; the p values are corrected for all kinds together, on the originals and as the network sees
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import numpy as np
from threadpoolctl import threadpool_limits

from cxrtui.data.confounders.columns import design, numeric
from cxrtui.data.confounders.features import columns_of
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.found import ALPHA, LEAST, Estimates, Found
from cxrtui.data.confounders.kinds import KINDS
from cxrtui.data.confounders.testing import Look, Test, Within, by_trees
from cxrtui.statistics.permutation import critical_values, max_statistic

OnStep = Callable[[int, int], None]


def estimate(films: Sequence[Known], on_step: OnStep) -> Estimates:
    """Return the estimates of all kinds; `on_step` is called with the steps done and their number, and may raise.

    Where any film has no measures, the kinds that need them are left out. The result is the same for the same films.

    Args:
        films: films of both classes, of at least five patients.
        on_step: see above.
    """
    # Threads that wait for each other every millisecond take many times longer where others use the cores. Only those
    # of libraries that are loaded can be limited; this one takes two seconds to load.
    import_module("sklearn.tree")
    with threadpool_limits(1):
        return _estimate(films, on_step)


def _estimate(films: Sequence[Known], on_step: OnStep) -> Estimates:
    labels = np.array([film.class_index for film in films])
    patients = [film.film.patient for film in films]
    decoded = all(film.measures is not None for film in films)
    kinds = [kind for kind in KINDS if decoded or not kind.decoded]
    seen = [kind for kind in kinds if kind.measure is not None]
    inside = Within.of(films, labels, patients)
    steps = len(kinds) * (1 if inside is None else 2) + 2 * len(seen)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_step(done, steps)

    test = Test(labels, patients)
    within_test = None if inside is None else Test(inside.labels, inside.patients, inside.strata)
    looks: list[Look] = []
    within: dict[str, Look] = {}
    for kind in kinds:
        columns = columns_of(kind, films)
        looks.append(test.look(design(columns, patients)))
        step()
        if inside is not None and within_test is not None:
            of_inside = columns_of(kind, [films[place] for place in inside.places])
            if kind.key != "source":
                within[kind.key] = within_test.look(design(of_inside, inside.patients))
            step()
    for kind in seen:
        looks.append(test.look(design(columns_of(kind, films, seen=True), patients)))
        step()
    null = np.array([look.null for look in looks])
    p = max_statistic(np.array([look.estimate.value for look in looks]), null)
    critical = critical_values(null, ALPHA)
    within_p = dict(zip(within, max_statistic(np.array([look.estimate.value for look in within.values()]),
                                              np.array([look.null for look in within.values()]))
                        if within else [], strict=True))  # fmt: skip
    place_seen = {kind.key: len(kinds) + place for place, kind in enumerate(seen)}
    found = []
    for place, kind in enumerate(kinds):
        at = place_seen.get(kind.key)
        found.append(Found(
            kind, looks[place].estimate, float(p[place]),
            within[kind.key].estimate if kind.key in within else None, float(within_p.get(kind.key, 1.0)),
            None if at is None else looks[at].estimate, 1.0 if at is None else float(p[at]),
        ))  # fmt: skip
    together = None
    if seen:
        numbers = np.hstack([numeric(columns_of(kind, films, seen=True)).astype(np.float32) for kind in seen])
        together = by_trees(numbers, labels, patients, test.folds)
        for _ in seen:
            step()
    noticed = float(np.nanmedian(critical)) if np.isfinite(critical).any() else float("nan")
    # Kinds that tie stay in the order of `KINDS`.
    ordered = sorted(found, key=lambda item: (item.flagged, round(item.strength, 2)), reverse=True)
    return Estimates(tuple(ordered), together, max(noticed, LEAST))
