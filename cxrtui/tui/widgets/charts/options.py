"""How charts are drawn: what the keys change, the same for all charts of a screen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cxrtui.tui import memory
from cxrtui.tui.widgets.charts.modes import NAMES, default_mode

FACTORS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""The factors of `smoothing.smooth` that the keys go through; 0 is no smoothing."""


@dataclass(frozen=True)
class Options:
    """The settings of the charts of one screen.

    Attributes:
        mode: ``braille``, ``block`` or ``ascii``.
        log: whether the value axis is logarithmic.
        smoothing: factor of `smoothing.smooth` for curves that it applies to.
        raw: whether the raw values are drawn, faintly, behind a smoothed curve.
        epochs: whether positions are epochs rather than steps. The screen converts them; the chart only names them.
    """

    mode: str = field(default_factory=default_mode)
    log: bool = False
    smoothing: float = 0.9
    raw: bool = True
    epochs: bool = True

    @property
    def unit(self) -> str:
        """The name of the unit of positions."""
        return "epoch" if self.epochs else "step"

    def smoother(self, by: int) -> Options:
        """Return these options with the next (`by` 1) or previous (-1) smoothing factor."""
        nearest = min(range(len(FACTORS)), key=lambda place: abs(FACTORS[place] - self.smoothing))
        return replace(self, smoothing=FACTORS[min(len(FACTORS) - 1, max(0, nearest + by))])

    def next_mode(self) -> Options:
        """Return these options with the next way of drawing."""
        return replace(self, mode=NAMES[(NAMES.index(self.mode) + 1) % len(NAMES)])

    def keep(self) -> None:
        """Keep these options for later charts and the next session, but not the logarithmic axis.

        The way of drawing is kept for terminals that would get the same way by themselves.
        """
        memory.set(f"charts.mode.{default_mode()}", self.mode)
        memory.set("charts.smoothing", self.smoothing)
        memory.set("charts.raw", self.raw)
        memory.set("charts.epochs", self.epochs)


def kept() -> Options:
    """Return the options that were kept last, else the defaults."""
    usual = Options()
    return Options(
        mode=memory.get(f"charts.mode.{usual.mode}", usual.mode, choices=NAMES),
        smoothing=memory.get("charts.smoothing", usual.smoothing, choices=FACTORS),
        raw=memory.get("charts.raw", usual.raw),
        epochs=memory.get("charts.epochs", usual.epochs),
    )
