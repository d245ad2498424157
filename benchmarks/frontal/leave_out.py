"""Leaves sources of frontal films and kinds of other images out, alone and together, and fits without them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from fitting import fit
from originals import PHANTOM, related
from recipes import AS_IT_IS
from samples import Samples
from threadpoolctl import threadpool_limits

from cxrtui.data.frontal.model import CLASSES, Weights
from cxrtui.data.frontal.recognise import View, of_thumbnail

FALSE_REFUSALS = 0.01
"""The share of frontal films, of sources that were left out of the fit, that each of the three thresholds refuses."""
FALSE_RIGHTINGS = 0.002
"""Images that are no turned or inverted film of which the other threshold rights one, as a film."""
KINDS = CLASSES[1:-1]
"""The kinds that are left out one by one, with everything that was drawn to stand for them."""
_SAMPLES: list[Samples] = []  # what the processes fit to: they are forked with it


class Out(NamedTuple):
    """What is left out of a fit: a source, a kind, and names of originals; nothing where it is empty.

    `real` leaves of the kind only real images out, and keeps what was drawn to stand for it.
    """

    source: str = ""
    kind: str = ""
    names: tuple[str, ...] = ()
    real: bool = False


def sources(samples: Samples) -> list[str]:
    """Return the sources of frontal films."""
    return sorted(set(samples.sources[samples.classes == 0]) - {PHANTOM})


def of_kind(samples: Samples, kind: str) -> np.ndarray:
    """Return which samples are of a kind."""
    return samples.classes == CLASSES.index(kind)


def real(samples: Samples) -> np.ndarray:
    """Return which samples are real images as they are, or altered as images of another source may be."""
    return np.isin(samples.makers, (AS_IT_IS, "altered"))


def films_of(samples: Samples, source: str) -> np.ndarray:
    """Return which samples are the frontal films of a source as they are."""
    return (samples.sources == source) & (samples.classes == 0) & (samples.makers == AS_IT_IS)


def kept(samples: Samples, out: Out) -> np.ndarray:
    """Return which samples a fit without `out` sees."""
    keep = np.ones(len(samples), bool)
    if out.source:
        near = [other for other in set(samples.sources) if related(out.source, str(other))]
        keep &= ~np.isin(samples.sources, near)
    if out.kind:
        left = of_kind(samples, out.kind)
        if out.names:
            left &= np.isin(samples.names, out.names)
        keep &= ~(left & real(samples)) if out.real else ~left
    return keep


def fitted(samples: Samples, jobs: Sequence[Out], seed: int, processes: int) -> Iterator[Weights]:
    """Yield the weights that are fitted without each of `jobs`, in their order."""
    _SAMPLES[:] = [samples]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap(_fit, [(out, seed) for out in jobs])


def _fit(job: tuple[Out, int]) -> Weights:
    (samples,), (out, seed) = _SAMPLES, job
    keep = kept(samples, out)
    with threadpool_limits(1):
        return fit(samples.features[keep], samples.classes[keep], seed)


def thresholds(samples: Samples, folds: Mapping[Out, Weights]) -> dict[str, float]:
    """Return the thresholds that `FALSE_REFUSALS` of films miss, each film weighed without its source."""
    found = [weights.weigh(samples.features[films_of(samples, out.source)]) for out, weights in folds.items()]
    log_odds, _, likeness, strangeness = (np.concatenate(each) for each in zip(*found, strict=True))
    return {"accept": float(np.quantile(log_odds, FALSE_REFUSALS)),
            "alike": float(np.quantile(likeness, FALSE_REFUSALS)),
            "strange": float(np.quantile(strangeness, 1 - FALSE_REFUSALS))}  # fmt: skip


def refused(weights: Weights, features: np.ndarray) -> np.ndarray:
    """Return which images are refused, or righted, because they are no frontal films as they are."""
    found = weights.weigh(features)
    return (found.log_odds < weights.accept) | ~weights.takes(found)


def some(chosen: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Return the places of at most `most` of the chosen samples, drawn at random."""
    places = np.flatnonzero(chosen)
    return np.sort(np.random.default_rng(seed).permutation(places)[:most])


def views(samples: Samples, jobs: Sequence[tuple[Weights, np.ndarray]], processes: int) -> list[list[View]]:
    """Return what the samples at the places of each job are taken for."""
    _SAMPLES[:] = [samples]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        return pool.map(_views, jobs, chunksize=1)


def _views(job: tuple[Weights, np.ndarray]) -> list[View]:
    (samples,), (weights, places) = _SAMPLES, job
    with threadpool_limits(1):
        return [of_thumbnail(np.asarray(samples.thumbnails[place]), weights) for place in places]
