"""The curves of one run for the charts: a metric of every step, of every epoch, and the moments beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxrtui.runs.state import RunState
from cxrtui.tui.theme import TRAIN, TRAIN_RAW, VALIDATION
from cxrtui.tui.widgets.charts.line import Array, Line, Mark

CURVE = "⣀⡠⠔"


@dataclass(frozen=True)
class Metric:
    """A metric of a chart.

    `step_field` is the field of `StepDone` with its value in each training step, empty if there is none; `validated`
    says whether each validation has it too.
    """

    title: str
    step_field: str = ""
    validated: bool = True
    percent: bool = False
    floor: float | None = None
    ceiling: float | None = None
    robust: bool = True


METRICS: dict[str, Metric] = {
    "loss": Metric("loss", "loss", floor=0.0),
    "accuracy": Metric("accuracy", "accuracy", percent=True, floor=0.0, ceiling=1.0),
    "auroc": Metric("AUROC", floor=0.0, ceiling=1.0),
    "sensitivity": Metric("sensitivity", percent=True, floor=0.0, ceiling=1.0),
    "specificity": Metric("specificity", percent=True, floor=0.0, ceiling=1.0),
    "rate": Metric("learning rate", "learning_rate", validated=False, floor=0.0, robust=False),
    "gradient": Metric("gradient norm", "gradient_norm", validated=False, floor=0.0),
    "speed": Metric("images per second", "images_per_second", validated=False, floor=0.0),
}
UNSMOOTHED = frozenset(("rate",))
CHOSEN = ("accuracy", "auroc", "sensitivity", "specificity")
"""Metrics that the second chart shows in turn."""


class RunCurves:
    """Makes the lines of a run; arrays of a run that has not grown are made once, so that charts reuse their work."""

    def __init__(self) -> None:
        self._state = RunState()
        self._made: dict[tuple[str, str, bool], tuple[Array, Array]] = {}

    def take(self, state: RunState) -> bool:
        """Take a later state of the run; return whether its curves have changed."""
        earlier, self._state = self._state, state
        grown = state.steps is not earlier.steps or state.validations is not earlier.validations
        if grown:
            self._made.clear()
        return grown or state.early != earlier.early or state.resumes is not earlier.resumes

    def lines(self, name: str, *, epochs: bool) -> list[Line]:
        """Return the curves of the metric `name` of `METRICS` on the training and the validation split."""
        metric, found = METRICS[name], []
        if metric.step_field:
            x, y = self.training(name, epochs=epochs)
            smoothed = name not in UNSMOOTHED
            label = "train" if metric.validated else "each step"
            found.append(
                Line("train", label, x, y, TRAIN, CURVE, smoothed=smoothed, faint=TRAIN_RAW, short=label.split()[-1])
            )
        if metric.validated:
            x, y = self.validation(name, epochs=epochs)
            found.append(Line("validation", "validation", x, y, VALIDATION, "◆", points=True, short="val."))
        return found

    def other(self, name: str, key: str, label: str, style: str, marker: str, *, epochs: bool) -> Line:
        """Return one curve of the metric `name` to be laid over those of another run."""
        metric = METRICS[name]
        if metric.validated:
            return Line(key, label, *self.validation(name, epochs=epochs), style, marker, points=True, behind=True)
        x, y = self.training(name, epochs=epochs)
        return Line(key, label, x, y, style, marker, smoothed=name not in UNSMOOTHED, faint="", behind=True)

    def training(self, name: str, *, epochs: bool) -> tuple[Array, Array]:
        """Return positions and values of each training step, both ``[steps]``."""
        return self._kept("train", name, epochs, self._training)

    def validation(self, name: str, *, epochs: bool) -> tuple[Array, Array]:
        """Return positions and values of each validation, both ``[validations]``."""
        return self._kept("validation", name, epochs, self._validation)

    def marks(self, *, epochs: bool) -> list[Mark]:
        """Return the moments to mark: the best epoch, and where the run was resumed from a checkpoint."""
        unit = self._per_epoch if epochs else 1
        found = [Mark(step / unit, "resumed") for step in self._state.resumes]
        early = self._state.early
        if early is not None and early.best_epoch:
            found.append(Mark(early.best_step / unit, f"best {early.best_epoch}", VALIDATION))
        return found

    def span(self, *, epochs: bool) -> tuple[float, float] | None:
        """Return the positions of the first and the latest step; None before the first."""
        steps, unit = self._state.steps, self._per_epoch if epochs else 1
        return (steps[0].step / unit, steps[-1].step / unit) if len(steps) else None

    def settled(self, *, epochs: bool) -> float:
        """Return the position of the end of the first epoch, before which values may be far off."""
        return 1.0 if epochs else float(self._per_epoch)

    @property
    def _per_epoch(self) -> int:
        steps = self._state.steps
        return max(1, steps[-1].steps_per_epoch) if len(steps) else 1

    def _kept(
        self, split: str, name: str, epochs: bool, make: Callable[[str], tuple[Array, Array]]
    ) -> tuple[Array, Array]:
        key = (split, name, epochs)
        if key not in self._made:
            steps, values = _in_order(*make(name))
            self._made[key] = (steps / self._per_epoch if epochs else steps, values)
        return self._made[key]

    def _training(self, name: str) -> tuple[Array, Array]:
        steps = self._state.steps
        return (
            np.array(steps.column("step"), dtype=np.float64),
            np.array(steps.column(METRICS[name].step_field), dtype=np.float64),
        )

    def _validation(self, name: str) -> tuple[Array, Array]:
        found = list(self._state.validations)
        return (
            np.array([item.step for item in found], dtype=np.float64),
            np.array([item.metrics.get(name, math.nan) for item in found], dtype=np.float64),
        )


def _in_order(steps: Array, values: Array) -> tuple[Array, Array]:
    """Return both sorted by step, which only a damaged log needs."""
    if len(steps) > 1 and (np.diff(steps) < 0).any():
        order = np.argsort(steps, kind="stable")
        return steps[order], values[order]
    return steps, values
