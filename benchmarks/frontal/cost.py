"""Processor time for recognising a film, beside that for decoding it and making the square that a network sees.

python benchmarks/frontal/cost.py FILE…
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from cxrtui.data.images.decode import read_film_with_notes

SIZE = 256  # pixels of a stored film for a network of 224


def main() -> None:
    spent: dict[str, list[float]] = {"decode": [], "recognise a frontal film": [], "recognise another image": []}
    read_film_with_notes(Path(sys.argv[1]), SIZE, recognised=True)  # reads the model
    for path in map(Path, sys.argv[1:]):
        started = time.process_time()
        read_film_with_notes(path, SIZE)
        decoded = time.process_time()
        view = read_film_with_notes(path, SIZE, recognised=True).view
        both = time.process_time()
        spent["decode"].append(1e3 * (decoded - started))
        other = view is None or view.refused or view.righting
        spent[f"recognise {'another image' if other else 'a frontal film'}"].append(
            1e3 * (both + started - 2 * decoded)
        )
    for name, values in spent.items():
        if values:
            print(f"{name:26s} median {statistics.median(values):5.1f} ms, {len(values)} images")


if __name__ == "__main__":
    main()
