"""Alarms of ``data inspect`` on phantoms whose confounders are known: none, or one that was planted.

    python benchmarks/find_confounders.py [--seeds 20] [--films 200] [--size 128] [--strength 0.8] [--kinds KIND…]

Sets without a planted feature are made of `--seeds` seeds, and one set of each kind of planted feature. For each set it
prints which kinds raise an alarm, the AUROC of the strongest, and how far the trees get by what is seen outside the
lungs. Of the sets without a planted feature it prints the number with an alarm; of the others, whether the planted
kind was named, and whether it was named first.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data.inspect.report import inspect
from cxrtui.data.phantoms import generate
from cxrtui.data.phantoms.plant import PLANTS
from cxrtui.settings.config import DataConfig


@dataclass(frozen=True)
class Outcome:
    """The kinds that raised an alarm, the strongest first, and a line about the set."""

    flagged: list[str]
    line: str


def outcome_of(seed: int, films: int, size: int, plants: dict[str, float]) -> Outcome:
    """Make a set in a temporary folder and inspect it."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "films", films, seed, size=size, plants=plants)
        found = inspect(Path(folder) / "films", DataConfig()).confounders
    if found is None or found.estimates is None or found.estimates.together is None:
        raise SystemExit(f"seed {seed}: {found.verdict.in_full if found else 'no classes'}")
    flagged = [item.kind.key for item in found.estimates.found if item.flagged]
    strongest = max(found.estimates.found, key=lambda item: item.auroc.value)
    together = found.estimates.together
    return Outcome(flagged, f"alarms: {', '.join(flagged) or 'none'}; strongest {strongest.kind.key} "
                            f"{strongest.auroc.value:.2f}; all that is seen {together.value:.2f} "
                            f"({together.low:.2f}-{together.high:.2f}); {together.patients} patients; "
                            f"from {found.estimates.noticed:.2f} on it would be noticed")  # fmt: skip


def main() -> None:
    """Print a line for each set, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--films", type=int, default=200)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--strength", type=float, default=0.8)
    parser.add_argument("--kinds", nargs="*", default=PLANTS, choices=PLANTS, metavar="KIND")
    arguments = parser.parse_args()
    alarms = 0
    for seed in range(arguments.seeds):
        found = outcome_of(seed, arguments.films, arguments.size, {})
        alarms += bool(found.flagged)
        print(f"nothing planted, seed {seed}: {found.line}", flush=True)
    print(f"sets with an alarm: {alarms} of {arguments.seeds}", flush=True)
    named = first = 0
    for kind in arguments.kinds:
        found = outcome_of(0, arguments.films, arguments.size, {kind: arguments.strength})
        named += kind in found.flagged
        first += found.flagged[:1] == [kind]
        print(f"{kind}={arguments.strength:g}, seed 0: {found.line}", flush=True)
    print(f"planted kinds that were named: {named} of {len(arguments.kinds)}; named first: {first}", flush=True)


if __name__ == "__main__":
    main()
