"""How a classifier's outputs become answers: its calibration and its operating point, both set on validation films.

A run keeps them in ``calibration.json``, with the step of the weights that they belong to; a classifier on the shelf
keeps them in ``classifier.toml``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cxrtui import strict_json
from cxrtui.files import read_text, write_atomic
from cxrtui.runs.folder import Run
from cxrtui.settings.config import RunConfig
from cxrtui.settings.operating_rule import OperatingRule, operating_rule
from cxrtui.statistics import calibration as calibrations
from cxrtui.statistics import operating_point as points
from cxrtui.statistics.calibration import IDENTITY, Calibration

FILE = "calibration.json"
_SMALLEST = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True)
class Operation:
    """The calibration and the operating point of the weights of one step.

    Attributes:
        calibration: from the network's probability to the one that is shown.
        threshold: a film is predicted positive if its calibrated probability is this or more.
        uncalibrated: the threshold of the network's own probability, for those who leave the calibration out.
        rule: the text of the rule that set the threshold.
        realised: what the rule realised on the films that it was set on: sensitivity, specificity and films; empty if
            the threshold was not set on films.
        why: why the rule could not be applied, so that the threshold is the usual one; else empty.
    """

    calibration: Calibration = IDENTITY
    threshold: float = points.THRESHOLD
    uncalibrated: float = points.THRESHOLD
    rule: str = f"{points.THRESHOLD:g}"
    realised: Mapping[str, float] = field(default_factory=dict)
    why: str = ""

    @property
    def is_calibrated(self) -> bool:
        """Whether the shown probability is another than the network's."""
        return self.calibration.method != "none"

    @property
    def without_calibration(self) -> Operation:
        """The same operating point for the network's own probabilities."""
        return Operation(IDENTITY, self.uncalibrated, self.uncalibrated, self.rule, self.realised, self.why)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON and TOML; `from_dict` is the inverse."""
        body = {"calibration": self.calibration.as_dict(), "threshold": self.threshold,
                "uncalibrated_threshold": self.uncalibrated, "rule": self.rule,
                "realised": dict(self.realised)}  # fmt: skip
        return body | ({"why": self.why} if self.why else {})

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Operation:
        """Return what `as_dict` wrote.

        Raises:
            ValueError: it is no such thing; the message says why.
        """
        try:
            found = cls(
                Calibration.from_dict(body["calibration"]), float(body["threshold"]),
                float(body["uncalibrated_threshold"]), str(body["rule"]),
                {str(name): float(value) for name, value in body.get("realised", {}).items()}, str(body.get("why", "")),
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"not an operating point ({error})") from None
        if not (math.isfinite(found.threshold) and math.isfinite(found.uncalibrated)):
            raise ValueError("a threshold that is no number")
        return found


def set_operation(settings: RunConfig, labels: NDArray[Any], probabilities: NDArray[np.float64]) -> Operation:
    """Return the calibration and the operating point that `settings` ask for, from validation films.

    Args:
        settings: `run.calibration` and `run.operating_point`.
        labels: ``[N]`` integers, 1 is positive.
        probabilities: ``[N]``, the network's own, of the positive class.
    """
    method = cast("calibrations.Method", settings.calibration)
    calibration = calibrations.fit(method, labels, probabilities)
    rule = operating_rule(settings.operating_point)
    truth = np.asarray(labels) == 1
    usable = truth.any() and not truth.all() and bool(np.isfinite(probabilities).all())
    why = ""
    if rule.needs_films and not usable:
        rule, why = OperatingRule("probability", points.THRESHOLD), "the validation films are not of both classes"
    own = _threshold(rule, truth, probabilities)
    if calibration.method == "isotonic" and rule.needs_films:  # films of one step of the function have one answer
        shown = _threshold(rule, truth, calibration(probabilities))
    else:
        shown = float(calibration([own])[0]) if own <= 1.0 else own
    shown = max(shown, _SMALLEST)
    realised = {}
    if usable:
        found = points.rates(points.confusion(truth, calibration(probabilities), shown))
        realised = {"sensitivity": found["sensitivity"], "specificity": found["specificity"], "films": len(truth)}
    text = settings.operating_point if not why else f"{points.THRESHOLD:g}"
    return Operation(calibration, shown, own, text, realised, why)


def _threshold(rule: OperatingRule, truth: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> float:
    if rule.kind == "Youden":
        return points.youden(truth, probabilities)
    if rule.kind == "sensitivity":
        return points.at_sensitivity(truth, probabilities, rule.level)
    if rule.kind == "specificity":
        return points.at_specificity(truth, probabilities, rule.level)
    if rule.kind == "cost":
        return points.least_cost(truth, probabilities, rule.level, rule.alarm)
    return rule.level


def write(run: Run, step: int, operation: Operation) -> None:
    """Keep the operation of the weights of `step` in the run's folder."""
    body = {"step": step, **operation.as_dict()}
    write_atomic(run.folder / FILE, strict_json.dumps(body, indent=2) + "\n")


def read(run: Run, step: int) -> tuple[Operation, str]:
    """Return the operation of the weights of `step`, and why it is the usual one where nothing fits; else ""."""
    try:
        body = json.loads(read_text(run.folder / FILE))
        if body["step"] == step:
            return Operation.from_dict(body), ""
        return Operation(), (
            f"The calibration of run {run.name} is that of step {body['step']}, so that step {step} has none."
        )
    except FileNotFoundError:
        return Operation(), ""  # the run has not ended, or is of an older version
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Operation(), f"{run.folder / FILE} cannot be read, so that the probabilities are not calibrated."
