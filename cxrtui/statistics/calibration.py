"""Makes probabilities mean what they say: temperature and bias, or an isotonic step function, and what is left.

A network's probabilities are too sure (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017), and weights
by class in its loss move them towards the rarer class. A temperature divides the log-odds, and so mends the first; a
bias shifts them, and so mends the second, which no temperature can. Both together are Platt's scaling ("Probabilistic
Outputs for Support Vector Machines", 1999), fitted as in Lin, Lin and Weng (Machine Learning 68, 2007).

A calibration never reorders films, so that it changes neither the AUROC nor, if the operating point moves with it, any
predicted class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.patients import numbered

BINS = 10
"""Bins of equal width of a reliability table and of the ECE."""
Method = Literal["none", "platt", "temperature", "isotonic"]
METHODS: tuple[Method, ...] = ("none", "platt", "temperature", "isotonic")
_CHANCES = 400  # draws of classes
_LEAST = 1e-15  # probability: 15 digits are what a float has beside 1


@dataclass(frozen=True)
class Calibration:
    """A function from the network's probability to one that holds on films like those of the fit.

    Attributes:
        method: ``platt``, ``temperature`` (which is Platt's without a bias), ``isotonic``, or ``none`` for no change.
        temperature: divides the log-odds; more than 1 makes the network less sure.
        bias: is added to the log-odds after that.
        knots: of an isotonic calibration, pairs of probabilities, before and after; between two it is linear.
        films: how many films it was fitted to.
        why: why there is none where one was asked for; else empty.
    """

    method: Method = "none"
    temperature: float = 1.0
    bias: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()
    films: int = 0
    why: str = ""

    def __call__(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities of the positive class, ``[N]`` as given; NaN stays NaN."""
        values = np.asarray(probabilities, np.float64)
        if self.method in ("platt", "temperature"):
            return expit(log_odds(values) / self.temperature + self.bias)
        if self.method == "isotonic":
            before, after = np.asarray(self.knots, np.float64).T
            return np.asarray(np.interp(values, before, after), np.float64)
        return values

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON and TOML; `from_dict` is the inverse."""
        body: dict[str, Any] = {"method": self.method, "films": self.films}
        if self.method in ("platt", "temperature"):
            body["temperature"] = self.temperature
        if self.method == "platt":
            body["bias"] = self.bias
        if self.method == "isotonic":
            body["knots"] = [list(knot) for knot in self.knots]
        return body | ({"why": self.why} if self.why else {})

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Calibration:
        """Return the calibration that `as_dict` wrote.

        Raises:
            ValueError: it is none; the message says why.
        """
        try:
            method = body["method"]
            knots = tuple((float(before), float(after)) for before, after in body.get("knots", ()))
            found = cls(method, float(body.get("temperature", 1.0)), float(body.get("bias", 0.0)), knots,
                        int(body.get("films", 0)), str(body.get("why", "")))  # fmt: skip
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"not a calibration ({error})") from None
        if method not in METHODS:
            raise ValueError("an unknown kind of calibration")
        if not (0 < found.temperature < float("inf") and np.isfinite(found.bias)):
            raise ValueError("a temperature or a bias that is not possible")
        rising = np.asarray(knots, np.float64).reshape(-1, 2)
        ordered = np.isfinite(rising).all() and (np.diff(rising[:, 0]) > 0).all() and (np.diff(rising[:, 1]) >= 0).all()
        if method == "isotonic" and not (len(rising) and ordered and rising.min() >= 0 and rising.max() <= 1):
            raise ValueError("knots that do not rise")
        return found


IDENTITY = Calibration()
"""The calibration that changes nothing."""


def expit(values: ArrayLike) -> NDArray[np.float64]:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    x = np.asarray(values, np.float64)
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1.0 + small), np.float64)


def log_odds(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return ``log(p / (1 - p))``, for p no nearer to 0 and 1 than 1e-15."""
    p = np.clip(np.asarray(probabilities, np.float64), _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(p) - np.log1p(-p), np.float64)


def fit(method: Method, labels: ArrayLike, probabilities: ArrayLike) -> Calibration:
    """Return the calibration of `method` that fits best, by likelihood or, if isotonic, by squares.

    Where the films say nothing about it, the result has the method ``none`` and says why.

    Args:
        method: one of `METHODS`.
        labels: ``[N]`` integers, 1 is positive; of films that the network was not trained on.
        probabilities: ``[N]``, of the positive class.
    """
    truth = np.asarray(labels) == 1
    scores = np.asarray(probabilities, np.float64)
    if method == "none":
        return IDENTITY
    if truth.all() or not truth.any():
        return Calibration(films=len(truth), why="these films are not of both classes")
    if not np.isfinite(scores).all():
        return Calibration(films=len(truth), why="a probability is no number")
    if method == "isotonic":
        return _isotonic(truth, scores)
    slope, bias = _logistic(truth, log_odds(scores), biased=method == "platt")
    if not slope > 0:
        return Calibration(films=len(truth), why="the network ranks these films backwards")
    return Calibration(method, 1.0 / slope, bias, films=len(truth))


def _logistic(truth: NDArray[np.bool_], scores: NDArray[np.float64], *, biased: bool) -> tuple[float, float]:
    """Return slope and bias of the logistic regression of the class on `scores`, by Newton's method.

    Without `biased` the bias is 0.
    The targets are Platt's, a little inside 0 and 1, so that classes which the scores separate have a finite slope.
    """
    positive, negative = int(truth.sum()), int((~truth).sum())
    targets = np.where(truth, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
    design = np.column_stack([scores, np.ones(len(scores))])[:, : 1 + biased]
    at = np.array([0.0, np.log((positive + 1.0) / (negative + 1.0))])[: 1 + biased]

    def loss(where: NDArray[np.float64]) -> float:
        values = design @ where
        return float((np.logaddexp(0.0, values) - targets * values).sum())

    before = loss(at)
    for _ in range(100):
        p = expit(design @ at)
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-12 * np.eye(len(at))
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (after := loss(at - size * step)) > before and size > 1e-10:
            size /= 2
        at, gain, before = at - size * step, before - after, min(before, after)
        if gain < 1e-12 * len(scores):
            break
    return float(at[0]), float(at[1]) if biased else 0.0


def _isotonic(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> Calibration:
    """Return the non-decreasing function of least squares (Zadrozny and Elkan, KDD 2002)."""
    from sklearn.isotonic import IsotonicRegression  # takes a second to import

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0).fit(scores, truth.astype(np.float64))
    pairs = zip(fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist(), strict=True)
    return Calibration("isotonic", knots=tuple((float(x), float(y)) for x, y in pairs), films=len(truth))


def bin_of(probabilities: ArrayLike, bins: int = BINS) -> NDArray[np.intp]:
    """Return the bin of equal width of each probability; one on an edge is in the lower bin, as in scikit-learn."""
    inner = np.linspace(0.0, 1.0, bins + 1)[1:-1]
    return np.searchsorted(inner, np.asarray(probabilities, np.float64)).astype(np.intp)


def ece(labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> float:
    """Return the expected calibration error: the mean distance, over films, of a bin's probability from its share.

    It is that of the probability of the positive class (Naeini, Cooper and Hauskrecht, AAAI 2015); NaN of no films.
    """
    truth, values = np.asarray(labels) == 1, np.asarray(probabilities, np.float64)
    if not len(truth):
        return float("nan")
    return float(np.abs(np.bincount(bin_of(values, bins), values - truth, minlength=bins)).sum() / len(truth))


def ece_by_chance(probabilities: ArrayLike, patients: Sequence[str], *, seed: int, bins: int = BINS) -> float:
    """Return the ECE that calibrated probabilities exceed once in forty times by chance alone.

    Classes are drawn from the probabilities themselves, alike for the films of one patient, and the ECE is computed of
    each draw: the consistency resampling of Broecker and Smith (Weather and Forecasting 22, 2007).

    Args:
        probabilities: ``[N]``, of the positive class; N is at least 1.
        patients: ``[N]``, the patient of each film.
        seed: the same seed gives the same number.
        bins: as in `ece`.
    """
    values = np.asarray(probabilities, np.float64)
    names, patient_of = numbered(patients)
    place = bin_of(values, bins)
    order = np.argsort(place, kind="stable")  # the films of a bin are side by side
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    values, patient_of = values[order], patient_of[order]
    generator, block = np.random.default_rng(seed), max(1, (1 << 18) // len(values))
    found = []
    for start in range(0, _CHANCES, block):
        drawn = generator.random((min(block, _CHANCES - start), len(names)))[:, patient_of] < values
        found.append(np.abs(np.add.reduceat(values - drawn, starts, axis=1)).sum(axis=1) / len(values))
    return float(np.quantile(np.concatenate(found), 0.975))


@dataclass(frozen=True)
class ReliabilityBin:
    """One row of a reliability table, of films with a probability between `low` and `high`.

    `films` of these there are, and `positive` of them are positive. `probability` is their mean probability and `share`
    that of positives among them, NaN without films; the share's exact binomial interval is `share_low` to `share_high`.
    """

    low: float
    high: float
    films: int
    positive: int
    probability: float
    share: float
    share_low: float
    share_high: float


def reliability(labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the reliability table: one row for each bin of equal width, also for those without films.

    Args:
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]``, of the positive class, from 0 to 1.
        bins: how many rows.
    """
    truth, values = np.asarray(labels) == 1, np.asarray(probabilities, np.float64)
    place = bin_of(values, bins)
    edges = np.linspace(0.0, 1.0, bins + 1).tolist()
    found = []
    for index in range(bins):
        inside = place == index
        films, positive = int(inside.sum()), int((inside & truth).sum())
        mean = float(values[inside].mean()) if films else float("nan")
        share = positive / films if films else float("nan")
        ends = clopper_pearson(positive, films)
        found.append(ReliabilityBin(edges[index], edges[index + 1], films, positive, mean, share, *ends))
    return found
