"""Computes the exact confidence interval of a fraction from its counts alone.

Where the patient of each film is known, use `bootstrap`, which does not take the films of one patient as independent.
"""

from __future__ import annotations

from cxrtui.statistics.estimate import CONFIDENCE


def clopper_pearson(count: int, of: int) -> tuple[float, float]:
    """Return both ends of the interval at the level `CONFIDENCE` of the fraction ``count / of``; NaN if `of` is 0.

    It is the exact interval of Clopper and Pearson (Biometrika 26, 1934): it covers the true fraction at least as often
    as the level says, if the cases are independent.

    Args:
        count: how many cases, from 0 to `of`.
        of: how many cases there are.

    Example:
        >>> low, high = clopper_pearson(0, 10)
        >>> low, round(high, 4)
        (0.0, 0.3085)
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no fraction")
    if not of:
        return float("nan"), float("nan")
    from scipy.special import betaincinv  # scipy.stats has the same and takes half a second to import

    tail = (1.0 - CONFIDENCE) / 2
    low = float(betaincinv(count, of - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, of - count, 1.0 - tail)) if count < of else 1.0
    return low, high
