"""Trains what recognises frontal chest films, measures it on sources and kinds that were left out, and prints tables.

    python benchmarks/frontal/train.py FOLDER [--seed 0]

FOLDER has films as ``shared/cxr``: ``darkcovidnet``, ``ieee8023``, ``hannover`` and ``not_frontal``. Photographs come
with scikit-learn, and with scikit-image where that is installed (the model in the package was trained with both).
The result is written to ``cxrtui/data/frontal/model.npz``; the same films, seed and libraries give the same bytes.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import leave_out
import numpy as np
from fitting import fit
from leave_out import AS_IT_IS, Fold
from samples import PHANTOM, Samples, made, originals
from threadpoolctl import threadpool_limits

from cxrtui.data.frontal import model
from cxrtui.data.frontal.recognise import View

MODEL = Path(model.__file__).with_name("model.npz")
MOST = 300  # samples of one line of a table
STARTED = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with threadpool_limits(2):
        found = originals(chosen.folder)
        tell(f"{len(found)} originals: {dict(Counter(item.kind for item in found))}")
        samples = made(found, chosen.seed, lambda done: tell(f"{done} samples"))
        _train(samples, chosen.seed)


def tell(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def _train(samples: Samples, seed: int) -> None:
    sources = []
    for fold in leave_out.by_source(samples, seed):
        sources.append(fold)
        tell(f"fitted without {fold.left_out}")
    kinds = list(leave_out.by_kind(samples, seed))
    tell("fitted without each kind")
    halves = list(leave_out.halves(samples, seed))
    limits = leave_out.thresholds(sources)
    limits["safe"] = leave_out.safe_threshold([*kinds, *sources], limits, seed)
    tell(f"thresholds: {', '.join(f'{name} {value:.2f}' for name, value in limits.items())}")
    weights = replace(fit(samples, seed), **limits)
    MODEL.write_bytes(weights.as_bytes())
    tell(f"{MODEL}: {MODEL.stat().st_size:,} bytes")
    phantoms = samples[(samples.sources == PHANTOM) & (samples.classes == 0) & (samples.makers == AS_IT_IS)]
    seen = leave_out.views(model.read(MODEL.read_bytes()), phantoms, limits)
    print(f"phantoms, which were trained on: refused {share([bool(view.refused) for view in seen])}")
    _by_source(sources, limits["safe"])
    _poses(sources, limits, seed)
    _by_kind("left out", kinds, limits, seed)
    _by_kind("other half", halves, limits, seed)


def share(flags: Sequence[bool]) -> str:
    return f"{sum(flags):4d} of {len(flags):4d} ({100 * np.mean(flags):5.1f} %)" if flags else "none"


def _by_source(folds: list[Fold], safe: float) -> None:
    print("\nfrontal films of a source that was left out; the threshold is of the other sources")
    all_refused: list[bool] = []
    for fold in folds:
        tested = fold.tested[(fold.tested.classes == 0) & (fold.tested.makers == AS_IT_IS)]
        limits = leave_out.thresholds([other for other in folds if other is not fold])
        found = leave_out.views(fold.weights, tested, limits | {"safe": max(safe, limits["accept"])})
        refused = [bool(view.refused) for view in found]
        righted = [bool(view.righting) for view in found]
        all_refused += refused
        print(f"  {fold.left_out:32s} refused {share(refused)}, righted wrongly {sum(righted)}")
    print(f"  {'all':32s} refused {share(all_refused)}")


def _poses(folds: list[Fold], limits: dict[str, float], seed: int) -> None:
    print("\nturned, inverted, cut and several films of sources that were left out")
    found: dict[str, list[View]] = {}
    for fold in folds:
        for maker in ("posed", "cut", "collage"):
            tested = leave_out.some(fold.tested, fold.tested.makers == maker, MOST // 2, seed)
            found.setdefault(maker, []).extend(leave_out.views(fold.weights, tested, limits))
    for maker, seen in found.items():
        refused, righted = [bool(view.refused) for view in seen], [bool(view.righting) for view in seen]
        neither = [not (one or other) for one, other in zip(refused, righted, strict=True)]
        print(f"  {maker:10s} refused {share(refused)}, righted {share(righted)}, taken as they are {share(neither)}")


def _by_kind(words: str, folds: list[Fold], limits: dict[str, float], seed: int) -> None:
    print(f"\nkinds that are refused, {words}: originals, and others (altered or drawn)")
    for fold in folds:
        plain = fold.tested.makers == AS_IT_IS
        for name, chosen in (("originals", plain), ("others", ~plain)):
            tested = leave_out.some(fold.tested, chosen, MOST, seed)
            if len(tested):
                seen = leave_out.views(fold.weights, tested, limits)
                reasons = Counter(view.kind for view in seen if view.refused).most_common(3)
                refused = [bool(view.refused) for view in seen]
                passed = sorted({str(name) for name, flag in zip(tested.names, refused, strict=True) if not flag})
                print(f"  {fold.left_out:11s} {name:9s} refused {share(refused)} as {dict(reasons)}; not: {passed[:6]}")


if __name__ == "__main__":
    main()
