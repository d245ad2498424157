"""Leaves sources of frontal films and kinds of other images out, one after the other, and tests on these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from fitting import fit
from samples import PHANTOM, Samples, related

from cxrtui.data.frontal.model import CLASSES, Weights
from cxrtui.data.frontal.recognise import View, of_thumbnail

FALSE_REFUSALS = 0.015
"""Frontal films of other sources than those of the fit that each of the two thresholds refuses."""
FALSE_RIGHTINGS = 0.002
"""Images that are no turned or inverted film of which the other threshold rights one, as a film."""
KINDS = CLASSES[1:-1]
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Fold:
    """Weights that were fitted without `left_out`, and the samples of that."""

    left_out: str
    weights: Weights
    tested: Samples

    def scores(self) -> tuple[np.ndarray, np.ndarray]:
        """Log odds and distances of the frontal films that were left out, as they are."""
        chosen = (self.tested.classes == 0) & (self.tested.makers == AS_IT_IS)
        found = self.weights.weigh(self.tested.features[chosen])
        return found.log_odds, found.distances


def by_source(samples: Samples, seed: int) -> Iterator[Fold]:
    """Fit without the films of each source, and without those that may be the same films under another name."""
    sources = sorted(set(samples.sources[samples.classes == 0]) - {PHANTOM})
    for source in sources:
        near = np.array([related(source, other) for other in samples.sources])
        yield Fold(source, fit(samples[~near], seed), samples[samples.sources == source])


def by_kind(samples: Samples, seed: int) -> Iterator[Fold]:
    """Fit without each kind of image that is to be refused."""
    for kind in KINDS:
        of_kind = samples.classes == CLASSES.index(kind)
        yield Fold(kind, fit(samples[~of_kind], seed), samples[of_kind])


def halves(samples: Samples, seed: int) -> Iterator[Fold]:
    """Fit without every other original of the kinds that have some, and test on those."""
    for kind in ("lateral", "ct", "photo"):
        of_kind = samples.classes == CLASSES.index(kind)
        names = np.array(sorted(set(samples.names[of_kind])))
        for part in (0, 1):
            out = of_kind & np.isin(samples.names, names[part::2])
            yield Fold(kind, fit(samples[~out], seed), samples[out])


def thresholds(folds: list[Fold]) -> dict[str, float]:
    """The log odds and the distance that `FALSE_REFUSALS` of frontal films miss, each scored without its source."""
    log_odds, distances = (np.concatenate(each) for each in zip(*(fold.scores() for fold in folds), strict=True))
    return {"accept": float(np.quantile(log_odds, FALSE_REFUSALS)),
            "far": float(np.quantile(distances, 1 - FALSE_REFUSALS))}  # fmt: skip


def some(samples: Samples, chosen: np.ndarray, most: int, seed: int) -> Samples:
    """At most `most` of the chosen samples, drawn at random."""
    places = np.flatnonzero(chosen)
    return samples[np.sort(np.random.default_rng(seed).permutation(places)[:most])]


def views(weights: Weights, samples: Samples, limits: dict[str, float]) -> list[View]:
    """What each sample is taken for, with these thresholds."""
    weights = replace(weights, **limits)
    return [of_thumbnail(small, weights) for small in samples.thumbnails]


def safe_threshold(folds: list[Fold], limits: dict[str, float], seed: int) -> float:
    """The log odds that all but `FALSE_RIGHTINGS` of other images lie below in the pose that looks most like a film."""
    best = []
    for fold in folds:
        tested = some(fold.tested, ~np.isin(fold.tested.classes, (0, CLASSES.index("pose"))), 200, seed)
        found = views(fold.weights, tested, limits | {"safe": -np.inf})
        best += [view.log_odds if view.righting else -np.inf for view in found]
    return max(limits["accept"], float(np.quantile(best, 1 - FALSE_RIGHTINGS, method="higher")))
