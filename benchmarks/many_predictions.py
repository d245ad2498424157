"""Time and peak memory of all metrics of an evaluation with their intervals, as the films grow in number.

    python benchmarks/many_predictions.py 1000 25000 200000

For each number of films, in a process of its own: two films a patient, half of the patients positive, scores that
overlap, a Platt calibration, and tables by seven sources, two sexes and five bands of age, of which one film in eleven
has none. No image is needed. Seconds are of processors; the memory is the peak (resident) less what the process had
before, and the last column is what each further film adds to it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from cxrtui.evaluation.measures import Films, measure
from cxrtui.evaluation.operation import Operation
from cxrtui.statistics.calibration import fit


def predictions(count: int) -> tuple[Films, Operation]:
    """Return `count` films, with what a classifier says of them, and its calibration."""
    generator, person = np.random.default_rng(7), np.arange(count) // 2
    labels = person % 2
    scores = 1.0 / (1.0 + np.exp(-generator.normal(1.3 * (2 * labels - 1), 1.0)))
    columns = {
        "source": [f"site {place % 7}" for place in range(count)],
        "sex": ["FM"[number % 3 % 2] for number in person],
        "age": [f"{number % 5 * 20}" if place % 11 else "" for place, number in enumerate(person)],
    }
    films = Films(labels, scores.astype(np.float32).astype(np.float64), [f"P{number}" for number in person], columns)
    return films, Operation(calibration=fit("platt", labels, films.probabilities), rule="youden")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="+", type=int)
    counts = parser.parse_args().counts
    if len(counts) == 1:
        films, operation = predictions(*counts)
        before, began = _peak(), time.process_time()
        measure(films, operation)
        print(f"{time.process_time() - began:.2f} {_peak() - before:.1f}")
        return
    print("| films | processors, s | memory, MiB | ms a further film | KiB a further film |\n" + "| --- " * 5 + "|")
    earlier = 0, 0.0, 0.0
    for count in sorted(counts):
        found = subprocess.run([sys.executable, __file__, str(count)], check=True, capture_output=True, text=True)
        seconds, memory = map(float, found.stdout.split())
        films = count - earlier[0]
        further = f"{1e3 * (seconds - earlier[1]) / films:.2f} | {1024 * (memory - earlier[2]) / films:.2f}"
        print(f"| {count:,} | {seconds:.1f} | {memory:.0f} | {further if earlier[0] else ' | '} |", flush=True)
        earlier = count, seconds, memory


if __name__ == "__main__":
    main()
