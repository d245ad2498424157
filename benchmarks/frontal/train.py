"""Trains what recognises frontal chest films, measures it on sources and kinds that were left out, and prints tables.

    python benchmarks/frontal/train.py FOLDER [--seed 0] [--processes 2] [--to FILE] [--only-model]

FOLDER has films as ``shared/cxr``: ``darkcovidnet``, ``ieee8023``, ``hannover`` and ``not_frontal``. Photographs come
with scikit-learn and scikit-image. The result is written to ``cxrtui/data/frontal/model.npz``; the same films, seed and
libraries give the same bytes. Samples are kept in cxrtui's cache and drawn again only if films or code have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import leave_out
import numpy as np
import samples
import tables
from leave_out import KINDS, Out
from samples import Samples

from cxrtui.data.frontal import model
from cxrtui.data.frontal.model import CLASSES, Weights

MODEL = Path(model.__file__).with_name("model.npz")
STARTED = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--to", type=Path, default=MODEL, help="another file than that of the package")
    parser.add_argument("--only-model", action="store_true", help="print no tables")
    chosen = parser.parse_args()
    found = samples.read(chosen.folder, chosen.seed, chosen.processes)
    tell(f"{len(found)} samples: {dict(Counter(CLASSES[place] for place in found.classes))}")
    folds = _fitted(found, chosen.seed, chosen.processes, chosen.only_model)
    of_sources = {out: weights for out, weights in folds.items() if out.source and not out.kind}
    limits = leave_out.thresholds(found, of_sources)
    limits["safe"] = _safe(found, folds, limits, chosen.seed, chosen.processes)
    tell(f"thresholds: {', '.join(f'{name} {value:.3f}' for name, value in limits.items())}")
    weights = replace(folds[Out()], **limits)
    content = weights.as_bytes()
    chosen.to.write_bytes(content)
    tell(f"{chosen.to}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()[:16]}")
    if not chosen.only_model:
        tables.show(found, folds, limits, model.read(content), chosen.seed, chosen.processes)
        tell("done")


def tell(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def _fitted(found: Samples, seed: int, processes: int, only_model: bool) -> dict[Out, Weights]:
    """Return the weights fitted without each source, each kind, both, and half of the originals of a kind."""
    jobs = [Out(), *(Out(source) for source in leave_out.sources(found)), *(Out(kind=kind) for kind in KINDS)]
    if not only_model:
        jobs += [Out(source, kind) for source in leave_out.sources(found) for kind in KINDS]
        jobs += [Out(kind=kind, real=True) for kind in ("lateral", "ct")]
        jobs += [Out(kind=kind, names=tables.half(found, kind, part)) for kind in ("lateral", "ct", "photo")
                 for part in (0, 1)]  # fmt: skip
    folds: dict[Out, Weights] = {}
    for out, weights in zip(jobs, leave_out.fitted(found, jobs, seed, processes), strict=True):
        folds[out] = weights
        tell(f"fitted {len(folds)} of {len(jobs)}, without {' and '.join(filter(None, out[:2])) or 'nothing'}")
    return folds


def _safe(found: Samples, folds: dict[Out, Weights], limits: dict[str, float], seed: int, processes: int) -> float:
    """Return the log odds that all but `FALSE_RIGHTINGS` of other images lie below, however they are turned.

    Their kinds are left out of the fit, or the sources of the films that they are parts of.
    """
    jobs = []
    for out, weights in folds.items():
        if out in (Out(out.source), Out(kind=out.kind)) and out != Out():
            part = (found.sources == out.source) & leave_out.of_kind(found, "part")
            chosen = leave_out.of_kind(found, out.kind) if out.kind else part
            jobs.append((replace(weights, **limits, safe=-np.inf), leave_out.some(chosen, 100, seed)))
    best = [view.log_odds if view.righting else -np.inf for seen in leave_out.views(found, jobs, processes)
            for view in seen]  # fmt: skip
    return max(limits["accept"], float(np.quantile(best, 1 - leave_out.FALSE_RIGHTINGS, method="higher")))


if __name__ == "__main__":
    main()
