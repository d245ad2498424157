"""Measure how often the 95 % intervals of an evaluation cover the truth, on simulated films whose truth is known.

    python benchmarks/interval_coverage.py --simulations 2000

Patients have one to three films. A score of a film is normal about a mean of its class; half of its variance is shared
by the films of a patient. The probabilities are calibrated, or with --spoilt not. The truth is the metric of 300,000
patients.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxrtui.statistics.metrics import METRICS, estimates, metric_statistics

Films = tuple[NDArray[np.bool_], NDArray[np.float64], list[str]]


def films(random: np.random.Generator, patients: int, share: float, spoilt: bool) -> Films:
    """Return labels, probabilities and patients; each patient is positive with the probability `share`."""
    sizes = random.integers(1, 4, patients)
    who = np.repeat(np.arange(patients), sizes)
    labels = (random.uniform(size=patients) < share)[who]
    noise = (random.normal(size=patients)[who] + random.normal(size=len(who))) * math.sqrt(0.5)
    scores = 2.0 * labels - 1.0 + 1.3 * noise
    calibrated = 2.0 / 1.3**2 * scores + math.log(share / (1 - share))
    return labels, 1 / (1 + np.exp(-(1.7 * calibrated + 0.4 if spoilt else calibrated))), who.astype(str).tolist()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the coverage of each metric's interval."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--patients", type=int, nargs="+", default=[60, 120, 400])
    parser.add_argument("--share", type=float, default=0.4, help="of positive patients")
    parser.add_argument("--spoilt", action="store_true", help="too sure by a factor of 1.7, and shifted by 0.4")
    options = parser.parse_args(arguments)
    random = np.random.default_rng(7)
    labels, scores, _ = films(random, 300_000, options.share, options.spoilt)
    whole = metric_statistics(labels, scores, 0.5)(np.ones((1, len(labels))))
    truth = {name: float(value[0]) for name, value in whole.items()}
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    for patients in options.patients:
        covered = dict.fromkeys(METRICS, 0)
        for seed in range(options.simulations):
            drawn, probabilities, who = films(random, patients, options.share, options.spoilt)
            for name, item in estimates(drawn, probabilities, 0.5, who, seed=seed, draws=options.draws).items():
                covered[name] += item.low <= truth[name] <= item.high
        for name, count in covered.items():
            found[name].append(count / options.simulations)
    error = 100 * math.sqrt(0.95 * 0.05 / options.simulations)
    print(f"coverage in %, of {options.simulations} simulations (standard error {error:.1f}), by number of patients")
    print("metric".ljust(28) + "".join(str(count).rjust(8) for count in options.patients))
    for name, shares in found.items():
        print(name.ljust(28) + "".join(f"{100 * share:8.1f}" for share in shares))


if __name__ == "__main__":
    main()
