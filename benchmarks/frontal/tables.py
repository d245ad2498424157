"""Prints the tables of what is refused, as Markdown: by source, by kind, and with both left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import leave_out
import modalities
import numpy as np
from leave_out import KINDS, Out
from originals import PHANTOM, related
from recipes import AS_IT_IS
from samples import Samples

from cxrtui.data.frontal.model import Weights
from cxrtui.data.frontal.recognise import View, of_thumbnail
from cxrtui.statistics.binomial import clopper_pearson

MOST = 200  # samples of one line of a table


def half(samples: Samples, kind: str, part: int) -> tuple[str, ...]:
    """Return the names of every other original of a kind."""
    names = sorted(set(samples.names[leave_out.of_kind(samples, kind) & leave_out.real(samples)]))
    return tuple(map(str, names[part::2]))


def share(flags: Iterable[bool]) -> str:
    """Return how many of the flags are set, with the exact interval of the share."""
    found = list(flags)
    if not found:
        return "–"
    low, high = clopper_pearson(sum(found), len(found))
    return f"{sum(found)} of {len(found)} ({100 * np.mean(found):.1f} % [{100 * low:.1f}–{100 * high:.1f}])"


def line(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def head(title: str, *cells: str) -> None:
    print(f"\n{title}\n")
    line(*cells)
    line(*["---"] * len(cells))


def show(
    samples: Samples, folds: Mapping[Out, Weights], limits: Mapping[str, float], weights: Weights, seed: int,
    processes: int,
) -> None:  # fmt: skip
    """Print all tables; `weights` are those of the package."""
    _by_source(samples, folds, limits["safe"], processes)
    _poses(samples, folds, limits, seed, processes)
    _by_kind(samples, folds, limits, seed, processes)
    _both(samples, folds)
    head("images that are in no sample", "image", "what it is", "verdict")
    for name, about, small in modalities.thumbnails():
        view = of_thumbnail(small, weights)
        line(name, about, view.refused or (f"righted: it {view.righting.wrong}" if view.righting else "a frontal film"))


def _without(folds: Mapping[Out, Weights], source: str, kind: str = "") -> dict[Out, Weights]:
    """Return the fits that set the thresholds for a source: those without the kind and without another source each.

    None of the other sources has films of `source` under another name.
    """
    return {out: each for out, each in folds.items()
            if out.source and out.kind == kind and not related(out.source, source)}  # fmt: skip


def _by_source(samples: Samples, folds: Mapping[Out, Weights], safe: float, processes: int) -> None:
    jobs, sources = [], leave_out.sources(samples)
    for source in sources:
        limits = leave_out.thresholds(samples, _without(folds, source))
        weights = replace(folds[Out(source)], **limits, safe=max(safe, limits["accept"]))
        jobs.append((weights, np.flatnonzero(leave_out.films_of(samples, source))))
    jobs.append((weights, np.flatnonzero(leave_out.films_of(samples, PHANTOM))))
    found = leave_out.views(samples, jobs, processes)
    head("frontal films, their source left out", "source", "refused", "righted wrongly")
    every: list[View] = []
    for source, seen in zip((*sources, f"{PHANTOM}, which were trained on"), found, strict=True):
        line(source, share(bool(view.refused) for view in seen), sum(bool(view.righting) for view in seen))
        every += [] if PHANTOM in source else seen
    line("all", share(bool(view.refused) for view in every), sum(bool(view.righting) for view in every))


def _poses(
    samples: Samples, folds: Mapping[Out, Weights], limits: Mapping[str, float], seed: int, processes: int
) -> None:
    head("films in other poses and parts of films, their source left out", "made by", "refused", "righted",
         "taken as they are")  # fmt: skip
    for maker in ("posed", "cut", "collage", "mixed"):
        jobs = [(replace(folds[Out(source)], **limits), leave_out.some((samples.sources == source)
                 & (samples.makers == maker), MOST // 4, seed)) for source in leave_out.sources(samples)]  # fmt: skip
        seen = [view for each in leave_out.views(samples, jobs, processes) for view in each]
        line(maker, share(bool(view.refused) for view in seen), share(bool(view.righting) for view in seen),
             share(not (view.refused or view.righting) for view in seen))  # fmt: skip


def _by_kind(
    samples: Samples, folds: Mapping[Out, Weights], limits: Mapping[str, float], seed: int, processes: int
) -> None:
    head("kinds that were left out; thresholds of fits without the kind", "left out", "as they are", "altered",
         "drawn", "refused as", "not refused")  # fmt: skip
    groups: dict[str, list[tuple[Weights, np.ndarray]]] = {}
    for out, fit in folds.items():
        if out.source or not out.kind:
            continue
        own = leave_out.thresholds(samples, _without(folds, "", out.kind))
        weights = replace(fit, **own, safe=max(limits["safe"], own["accept"]))
        what = f"half of {out.kind}" if out.names else f"real {out.kind}" if out.real else f"all {out.kind}"
        inside = leave_out.of_kind(samples, out.kind) & (np.isin(samples.names, out.names) | (not out.names))
        for makers in _makers(samples, inside, drawn=not (out.real or out.names)):
            groups.setdefault(what, []).append((weights, leave_out.some(makers, MOST, seed)))
    for what, jobs in groups.items():
        found = leave_out.views(samples, jobs, processes)
        seen = [
            (places[at], view) for (_, places), each in zip(jobs, found, strict=True) for at, view in enumerate(each)
        ]
        cells = [share(bool(view.refused) for place, view in seen if group[place])
                 for group in _makers(samples, np.ones(len(samples), bool), drawn=True)]  # fmt: skip
        reasons = Counter(view.kind for _, view in seen if view.refused).most_common(3)
        passed = sorted({str(samples.names[place]) for place, view in seen
                         if not view.refused and samples.makers[place] == AS_IT_IS})  # fmt: skip
        line(what, *cells, ", ".join(f"{kind} {count}" for kind, count in reasons), ", ".join(passed))


def _makers(samples: Samples, inside: np.ndarray, *, drawn: bool) -> Sequence[np.ndarray]:
    """Return which samples inside are as they are, altered, and drawn."""
    plain, real = samples.makers == AS_IT_IS, leave_out.real(samples)
    return [inside & plain, inside & real & ~plain, inside & ~real & drawn]


def _both(samples: Samples, folds: Mapping[Out, Weights]) -> None:
    sources = sorted({out.source for out in folds if out.source and out.kind})
    head("a source and a kind left out together; before a film is righted", "kind", "as they are, mean of the fits",
         "all of the kind", "frontal films of all sources", "of the worst source")  # fmt: skip
    for kind in KINDS:
        of_films, of_kind, of_originals = [], [], []
        inside = leave_out.of_kind(samples, kind)
        for source in sources:
            weights = replace(folds[Out(source, kind)], **leave_out.thresholds(samples, _without(folds, source, kind)))
            of_films.append(leave_out.refused(weights, samples.features[leave_out.films_of(samples, source)]))
            own = inside if kind != "part" else inside & (samples.sources == source)
            of_kind.append(leave_out.refused(weights, samples.features[own]))
            of_originals.append(leave_out.refused(weights, samples.features[own & (samples.makers == AS_IT_IS)]))
        means = [f"{100 * np.mean(np.concatenate(each)):.1f} %" if sum(map(len, each)) else "–"
                 for each in (of_originals, of_kind)]  # fmt: skip
        line(kind, *means, share(np.concatenate(of_films)), share(max(of_films, key=np.mean)))
