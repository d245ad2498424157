"""The table of a protocol: its trainings, what they reached within folds and pooled, and what needs no film for it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.errors import DataError
from cxrtui.evaluation.comparison import predictions
from cxrtui.evaluation.comparison.predictions import Predictions
from cxrtui.evaluation.protocols import baseline, pooling
from cxrtui.evaluation.protocols.baseline import Scored
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder
from cxrtui.evaluation.protocols.pooling import OutOfFold
from cxrtui.evaluation.protocols.table import is_table
from cxrtui.files import read_text, write_atomic
from cxrtui.printable import cell, listing
from cxrtui.runs.size import counted
from cxrtui.settings.protocol import BY_SOURCE, EXTERNAL, KFOLD, PROTOCOLS, Plan
from cxrtui.statistics.estimate import Estimate
from cxrtui.statistics.spread import Spread

_MOST = 1 << 26
_SMALL = 10  # patients of a class below which a fold's figures say little
_SPREAD = (pooling.AUROC, *pooling.FRACTIONS)


def sum_up(folder: ProtocolFolder, plan: Plan, folds: Folds) -> dict[str, Any]:
    """Write the out-of-fold predictions and the table of a protocol whose trainings are all done, and return the table.

    Raises:
        DataError: the predictions of a run cannot be read.
    """
    found = {fold: _predictions(folder, fold, folds) for fold in folds.folds}
    scored = baseline.read_scores(folder.baseline_file)
    _write_predictions(folder, found, folds)
    networks, without = _repeats(found), {kind: _repeats_without(found, scored, kind) for kind in baseline.kinds()}
    pooled = pooling.estimates(networks)
    compared = {kind: pooling.estimates(repeats) for kind, repeats in without.items() if repeats}
    if len(folds.folds) == plan.seeds:  # of one fold, both are the same
        for item in (pooled, *compared.values()):
            del item[pooling.POOLED_AUROC]
    numbers = {fold: number for number, fold in enumerate(folds.folds)}
    rows = [_row(folder, fold, networks, without[baseline.ALL], numbers[fold]) for fold in folds.folds]
    spread = {name: Spread(tuple(row["metrics"][name]["value"] for row in rows)) for name in _SPREAD}
    body = {
        "protocol": plan.protocol, "about": PROTOCOLS[plan.protocol], "name": folder.name,
        "data": list(plan.base.data.source), "external": list(plan.external), "folds": plan.folds, "seeds": plan.seeds,
        "classes": list(folds.classes), "films": folds.films, "patients": folds.patients,
        "tested": networks[0].counts,
        "trainings": rows,
        "spread": {name: item.as_dict() for name, item in spread.items()},
        "pooled": pooling.plain(pooled),
        "baseline": {kind: {name: item.as_dict() for name, item in reached.items()
                            if kind == baseline.ALL or name in (pooling.AUROC, pooling.POOLED_AUROC)}
                     for kind, reached in compared.items()},
        "untested": dict(folds.untested),
        "cautions": _cautions(plan, folds, pooled[pooling.AUROC].value, compared, rows),
        "note": RESEARCH_ONLY,
    }  # fmt: skip
    write_atomic(folder.result_file, strict_json.dumps(body, indent=2) + "\n")
    return body


def read_result(folder: ProtocolFolder) -> dict[str, Any] | None:
    """Return what result.json holds; None if it is missing or not valid."""
    with suppress(OSError, ValueError, RecursionError):
        body = json.loads(read_text(folder.result_file, _MOST))
        if is_table(body):
            return dict(body)
    return None


def _predictions(folder: ProtocolFolder, fold: Fold, folds: Folds) -> Predictions:
    run = folder.run(fold)
    try:
        return predictions.read(run, "test", folds.classes)
    except DataError as error:
        raise DataError(f"The predictions of run {run.name} cannot be used ({error}); delete the run (cxrtui runs "
                        f"delete {run.name}) and give the same command again.") from None  # fmt: skip


def _repeats(found: Mapping[Fold, Predictions]) -> list[OutOfFold]:
    """Return the films of each repeat, as the networks scored them."""
    return _joined([
        (fold.repeat, films.paths, OutOfFold(films.labels, films.scores, films.predicted,
                                          np.full(len(films.labels), number), films.patients))
        for number, (fold, films) in enumerate(found.items())
    ])  # fmt: skip


def _repeats_without(
    found: Mapping[Fold, Predictions], scored: Mapping[tuple[str, str], Scored], kind: str
) -> list[OutOfFold]:
    """Return the films of each repeat, as they were scored without a pixel; none if a film has no such score."""
    parts = []
    for number, (fold, films) in enumerate(found.items()):
        own = [scored.get((fold.name, path)) for path in films.paths]
        if any(item is None for item in own):
            return []
        values = [item for item in own if item is not None]
        parts.append((fold.repeat, films.paths, OutOfFold(
            films.labels, np.array([item.scores[kind] for item in values]),
            np.array([int(item.called) for item in values]), np.full(len(values), number), films.patients,
        )))  # fmt: skip
    return _joined(parts)


def _joined(parts: Sequence[tuple[int, Sequence[str], OutOfFold]]) -> list[OutOfFold]:
    by_repeat: defaultdict[int, list[tuple[Sequence[str], OutOfFold]]] = defaultdict(list)
    for repeat, paths, films in parts:
        by_repeat[repeat].append((paths, films))
    return [pooling.joined(by_repeat[repeat]) for repeat in sorted(by_repeat)]


def _row(
    folder: ProtocolFolder, fold: Fold, networks: Sequence[OutOfFold], without: Sequence[OutOfFold], number: int
) -> dict[str, Any]:
    """Return one training as plain values."""
    films = networks[fold.repeat].of_fold(number)
    metrics = pooling.estimates([films])
    del metrics[pooling.POOLED_AUROC]
    body = {
        "fold": fold.name, "run": folder.run(fold).name, "held_out": fold.held_out, "seed": fold.seed,
        **films.counts, "left_out": fold.left_out, "metrics": pooling.plain(metrics),
    }  # fmt: skip
    for label, name in ((1, "positive_patients"), (0, "negative_patients")):
        body[name] = len({films.patients[place] for place in np.flatnonzero(films.labels == label)})
    if without:
        body["baseline"] = pooling.estimates([without[fold.repeat].of_fold(number)])[pooling.AUROC].as_dict()
    return body


def _write_predictions(folder: ProtocolFolder, found: Mapping[Fold, Predictions], folds: Folds) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "patient", "label", "fold", "held_out", "seed", "run", "called", "probability"])
    for fold, films in found.items():
        run = folder.run(fold).name
        for place, path in enumerate(films.paths):
            label, called = (cell(folds.classes[int(values[place])]) for values in (films.labels, films.predicted))
            writer.writerow([path, films.patients[place], label, fold.name, cell(fold.held_out), fold.seed, run, called,
                             f"{films.scores[place]:.6f}"])  # fmt: skip
    write_atomic(folder.predictions_file, text.getvalue())


def _cautions(
    plan: Plan, folds: Folds, within: float, compared: Mapping[str, Mapping[str, Estimate]],
    rows: Sequence[Mapping[str, Any]],
) -> list[str]:  # fmt: skip
    """Return what is to be known before the table is believed, each a sentence, the gravest first."""
    said = []
    if plan.protocol == KFOLD:
        tested = sum(row["films"] for row in rows)
        said.append(
            f"The folds are of films and not of patients, which is done here only to compare with papers: "
            f"{folds.divided:,} of {tested:,} tested films have their patient or a copy among the films of their "
            "training, so no figure here is a result on unseen patients."
        )
    if folds.unknown:
        said.append(f"The patients of {counted(folds.unknown, 'film')} are not known; each counts as a patient of its "
                    "own, so patients may be divided and intervals too narrow.")  # fmt: skip
    if len(folds.folds) > plan.seeds:
        said.append(
            "The pooled AUROC also ranks films that different networks scored, which need not be calibrated alike; the "
            "AUROC within compares only films that one network scored."
        )
    if plan.protocol == BY_SOURCE and folds.untested:
        named = "; ".join(f"{source} ({why})" for source, why in folds.untested.items())
        said.append(f"{counted(len(folds.untested), 'source')} cannot be tested, having one class or no name, and only "
                    f"trained: {named}.")  # fmt: skip
    if left_out := sum(row["left_out"] for row in rows):
        side = "test" if plan.protocol == EXTERNAL else "training"
        said.append(f"{counted(left_out, 'film')} were left out of the {side}, over all trainings, because their "
                    "patient or a copy of them is on the other side.")  # fmt: skip
    small = dict.fromkeys(
        row["held_out"] for row in rows if min(row["positive_patients"], row["negative_patients"]) < _SMALL
    )
    if small:
        said.append(f"Fewer than {_SMALL} patients of a class are in {listing(small)}; these figures say little alone.")
    no_pixels = beside(within, compared)
    return [*said, no_pixels] if _better(within, compared) else [no_pixels, *said]


def _better(within: float, compared: Mapping[str, Mapping[str, Estimate]]) -> bool:
    """Return whether the network is clearly better than what needs no pixel."""
    if baseline.ALL not in compared:
        return True
    reached = compared[baseline.ALL][pooling.AUROC]
    bound = reached.high if math.isfinite(reached.high) else reached.value  # an AUROC of 1 has no interval
    return not within <= bound


def beside(within: float, compared: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Return how the network, with its AUROC within folds, stands beside what needs no pixel, in a sentence.

    `compared` has the AUROC of each of `baseline.kinds`.
    """
    if baseline.ALL not in compared:
        return "Some tested films have no score without pixels, so there is nothing to stand beside the network."
    reached = compared[baseline.ALL][pooling.AUROC]
    kinds = {kind: found[pooling.AUROC].value for kind, found in compared.items() if kind != baseline.ALL}
    best = max(kinds, key=lambda kind: -math.inf if math.isnan(kinds[kind]) else kinds[kind])
    interval = f" ({reached.low:.2f}-{reached.high:.2f})" if math.isfinite(reached.high) else ""
    text = (
        f"Without a pixel, by file name, size and the like, a linear classifier reaches AUROC {reached.value:.2f}"
        f"{interval} on the same folds; {best} alone reaches {kinds[best]:.2f}"
    )
    if not _better(within, compared):
        text += "; the network is not clearly better than that, so nothing here shows that it reads the lungs"
    return f"{text}."
