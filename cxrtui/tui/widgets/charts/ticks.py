"""Ticks of an axis at round numbers, and their labels."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> tuple[list[float], int]:
    """Return at most `most` + 1 round numbers from `low` to `high`, and the decimals that tell them apart."""
    span = max(high - low, 1e-300)
    power = 10.0 ** math.floor(math.log10(span / max(1, most)))
    spacing = next((k * power for k in (1, 2, 5, 10, 20, 50) if span / (k * power) <= most), span)
    if whole:
        spacing = max(1.0, round(spacing))
    first, last = math.ceil(low / spacing - 1e-6), math.floor(high / spacing + 1e-6)
    decimals = max(0, -math.floor(math.log10(spacing) + 1e-9))
    return [number * spacing for number in range(first, min(last, first + 4 * most) + 1)], decimals


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers for an axis from ``10**low`` to ``10**high``: decades, and 2 and 5 within few decades."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**power for power in decades for digit in digits]
        found = [value for value in found if low - 1e-9 <= math.log10(value) <= high + 1e-9]
        if len(found) <= most:
            break
    skip = -(-len(found) // max(1, most))
    if len(found) < 2:  # a narrow range without a round number
        return ticks(10.0**low, 10.0**high, most)[0]
    return found[::skip]


def number_text(value: float, decimals: int, *, percent: bool = False) -> str:
    """Return a label of at most seven characters."""
    if percent:
        return f"{100 * value:.{max(0, decimals - 2)}f}%"
    if abs(value) >= 1e5 or decimals > 4:
        return _scientific(value, decimals) if value else "0"
    return f"{value:.{decimals}f}"


def _scientific(value: float, decimals: int) -> str:
    """Return a number as ``8.5e-4``, with as many digits as tell it from others that differ by ``10**-decimals``."""
    digits = min(2, max(0, decimals + math.floor(math.log10(abs(value)))))
    return f"{value:.{digits}e}".replace("e-0", "e-").replace("e+0", "e")


def log_text(value: float, *, percent: bool = False) -> str:
    """Return the label of a tick of a logarithmic axis."""
    if percent:
        return f"{100 * value:g}%"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e") if value < 1e-3 or value >= 1e5 else f"{value:.4g}"


def step_text(value: float) -> str:
    """Return a number of steps in a few characters: ``800``, ``12k``, ``1.5M``."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * unit or (abs(value) >= unit and unit == 1e6):
            return f"{value / unit:.4g}{name}"
    return f"{value:.0f}" if value == round(value) else f"{value:.4g}"
