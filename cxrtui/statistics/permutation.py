"""Tests whether scores predict labels, by permuting the labels among patients; many tests at once are corrected.

If features say nothing about the class, a patient's labels might as well be another patient's. So the labels are
permuted among patients, which keeps the films of one patient together (restricted exchangeability: Good, "Permutation,
Parametric, and Bootstrap Tests of Hypotheses", 2005, chapter 3; Winkler et al., NeuroImage 123, 2015), and the whole
estimate is made anew for each permutation, classifier included (Ojala and Garriga, J. Machine Learning Research 11,
2010).

Of many tests, the largest statistic is compared with the largest of each permutation (Westfall and Young,
"Resampling-Based Multiple Testing", 1993; single-step maxT). This holds the probability of any false alarm, however the
tests depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics.patients import numbered


def permuted_labels(
    labels: NDArray[np.integer[Any]],
    patients: Sequence[str],
    draws: int,
    seed: int,
    strata: Sequence[str] | None = None,
) -> NDArray[np.int8]:
    """Return `labels` permuted among patients, int8 ``[N, draws]``.

    A patient takes the labels of another one, in order; where the other has fewer films, they are taken again from the
    first on.

    Args:
        labels: ``[N]`` integers.
        patients: ``[N]``, the patient of each film.
        draws: number of permutations.
        seed: the same seed gives the same permutations.
        strata: ``[N]``, within which labels are permuted, such as the source of each film; by default all are one.

    Example:
        >>> permuted_labels(np.array([1, 1, 0, 0]), ["a", "a", "b", "b"], 1, seed=0).sum()
        np.int64(2)
    """
    of_stratum = np.zeros(len(labels), np.intp) if strata is None else np.unique(strata, return_inverse=True)[1]
    names = numbered(patients)[1]
    _, unit = np.unique(names * (int(of_stratum.max(initial=0)) + 1) + of_stratum, return_inverse=True)
    order = np.argsort(unit, kind="stable")
    counts = np.bincount(unit)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    place = np.empty(len(labels), np.intp)  # of a film among those of its patient
    place[order] = np.arange(len(labels)) - np.repeat(starts, counts)
    stratum_of = of_stratum[order[starts]]
    sorted_labels = np.asarray(labels)[order]
    home = np.argsort(stratum_of, kind="stable")
    generator = np.random.default_rng(seed)
    permuted = np.empty((len(labels), draws), np.int8)
    for draw in range(draws):
        taken = np.empty(len(counts), np.intp)
        taken[home] = np.lexsort((generator.random(len(counts)), stratum_of))
        donor = taken[unit]
        permuted[:, draw] = sorted_labels[starts[donor] + place % counts[donor]]
    return permuted


def max_statistic(values: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corrected p value of each of K tests, in each of which large values speak against chance, ``[K]``.

    Each test is measured in standard deviations from the mean of its own permutations, so that all count alike.

    Args:
        values: ``[K]``, the statistics.
        null: ``[K, B]``, the statistics of B permutations, the same ones for all tests; NaN is left out.

    Returns:
        ``[K]`` from 1 / (B + 1) to 1; 1 for a test that is NaN or that does not vary.
    """
    middle, spread = _scales(null)
    ours = (values - middle) / spread
    largest = _largest(null, middle, spread)
    return np.where(np.isnan(ours), 1.0, (1 + (largest >= ours[:, None] - 1e-9).sum(axis=1)) / (null.shape[1] + 1))


def critical_values(null: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """Return the smallest statistic of each test that `max_statistic` gives a p value of about `alpha`, ``[K]``.

    It is NaN for a test that does not vary.
    """
    middle, spread = _scales(null)
    ordered = np.sort(_largest(null, middle, spread))
    return np.asarray(middle + spread * ordered[math.ceil((1.0 - alpha) * len(ordered)) - 1], np.float64)


def _scales(null: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each test's permutations, NaN where these do not vary."""
    there = np.isfinite(null)
    count = np.maximum(there.sum(axis=1), 1)
    middle = np.where(there, null, 0.0).sum(axis=1) / count
    variance = np.where(there, (null - middle[:, None]) ** 2, 0.0).sum(axis=1) / count
    varies = variance > 1e-18
    return np.where(varies, middle, np.nan), np.where(varies, np.sqrt(variance), np.nan)


def _largest(
    null: NDArray[np.float64], middle: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest of all tests for each permutation, in standard deviations."""
    return np.asarray(
        np.nan_to_num((null - middle[:, None]) / spread[:, None], nan=-np.inf).max(axis=0, initial=-np.inf)
    )
