"""Decides on early stopping: has the validation metric stopped improving?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cxrtui.runs.events import EarlyStopping
from cxrtui.settings.config import StopConfig


@dataclass(frozen=True)
class Stopper:
    """The best value so far and how long ago it was (Prechelt, 1998, "Early stopping – but when?").

    A NaN is never an improvement. Patience 0 never stops; the best weights are still tracked.
    """

    config: StopConfig
    best: float = math.nan
    best_epoch: int = 0
    best_step: int = 0
    waited: int = 0

    @property
    def to_beat(self) -> float:
        """The value to pass: a loss must be below it, other metrics above it; NaN before the first validation."""
        return self.best - self.config.min_delta if self.config.metric == "loss" else self.best + self.config.min_delta

    @property
    def stopping(self) -> bool:
        """Whether the run is to stop."""
        return 0 < self.config.patience <= self.waited

    def improves(self, value: float) -> bool:
        """Return whether `value` passes `to_beat`."""
        if math.isnan(value) or math.isnan(self.best):
            return not math.isnan(value)
        return value < self.to_beat if self.config.metric == "loss" else value > self.to_beat

    def after(self, epoch: int, step: int, metrics: dict[str, float]) -> tuple[Stopper, EarlyStopping]:
        """Return the stopper after one more validation, and the event that says whether it was an improvement."""
        value = metrics[self.config.metric]
        improved = self.improves(value)
        after = (
            replace(self, best=value, best_epoch=epoch, best_step=step, waited=0)
            if improved
            else replace(self, waited=self.waited + 1)
        )
        found = EarlyStopping(
            epoch=epoch, metric=self.config.metric, value=value, improved=improved, best=after.best,
            best_epoch=after.best_epoch, best_step=after.best_step, to_beat=after.to_beat,
            patience=self.config.patience, patience_left=max(0, self.config.patience - after.waited),
            stopping=after.stopping,
        )  # fmt: skip
        return after, found

    def as_dict(self) -> dict[str, float | int | None]:
        """Return plain values for a checkpoint."""
        return {"best": None if math.isnan(self.best) else self.best, "best_epoch": self.best_epoch,
                "best_step": self.best_step, "waited": self.waited}  # fmt: skip

    @classmethod
    def restored(cls, config: StopConfig, values: dict[str, float | int | None]) -> Stopper:
        """Invert `as_dict`."""
        best = values["best"]
        return cls(config, math.nan if best is None else float(best), int(values["best_epoch"] or 0),
                   int(values["best_step"] or 0), int(values["waited"] or 0))  # fmt: skip
