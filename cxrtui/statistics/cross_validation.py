"""Scores each film by a linear classifier that was fitted to other patients, for many labellings at once.

The classifier is ridge regression on the labels: for two classes least squares gives the direction of Fisher's linear
discriminant (Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009, exercise 4.2), and the
penalty makes it fit for many features and few films. Its solution is linear in the labels, so that one factorisation
serves a thousand permutations of them. `Ridge` of scikit-learn gives the same coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
PENALTY = 0.1  # by the number of films: the ridge added to a variance of 1


def folds_of(patients: Sequence[str], folds: int = FOLDS) -> NDArray[np.intp]:
    """Return the fold of each film, ``[N]`` from 0: no patient is in two, and all have about as many films.

    The folds do not depend on the labels, so that permuted labels may be scored with the same ones.

    Raises:
        ValueError: there are fewer patients than folds.
    """
    from sklearn.model_selection import GroupKFold  # takes a second to import

    fold = np.empty(len(patients), np.intp)
    for number, (_, held_out) in enumerate(GroupKFold(folds).split(np.zeros(len(patients)), groups=list(patients))):
        fold[held_out] = number
    return fold


def out_of_fold(
    design: NDArray[np.float64], targets: NDArray[Any], folds: NDArray[np.intp], penalty: float = PENALTY
) -> NDArray[np.float64]:
    """Return the score of each film from a fit to the films of the other folds, for each column of `targets`.

    The scores have no intercept, so that those of folds with different shares of positives can be compared.

    Args:
        design: ``[N, D]``, columns of mean 0 and variance 1.
        targets: ``[N, B]``, numbers, such as 0 and 1; each column is a labelling of its own.
        folds: ``[N]``, see `folds_of`.
        penalty: the ridge is this, times the number of films in the fit.

    Returns:
        ``[N, B]``.
    """
    scores = np.zeros(targets.shape)
    for fold in range(int(folds.max(initial=0)) + 1):
        held_out = folds == fold
        fitted = design[~held_out]
        labels = targets[~held_out].astype(np.float64)
        middle = fitted.mean(axis=0)
        fitted -= middle
        gram = fitted.T @ fitted + penalty * len(fitted) * np.eye(design.shape[1])
        coefficients = np.linalg.solve(gram, fitted.T @ (labels - labels.mean(axis=0)))
        scores[held_out] = (design[held_out] - middle) @ coefficients
    return scores
