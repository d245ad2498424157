"""A finished run with evaluations that the real writers have written, of probabilities that are made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any, cast

import numpy as np

from cxrtui.data.prepared.ready import Split
from cxrtui.data.store import Store
from cxrtui.evaluation.evaluate import Evaluation
from cxrtui.evaluation.evaluator import EvalResult
from cxrtui.evaluation.measures import Films, Measures, measure
from cxrtui.evaluation.metrics import metrics
from cxrtui.evaluation.operation import Operation, set_operation
from cxrtui.evaluation.report.evaluations import keep
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.statistics.operating_point import confusion
from tests.tui import logs

LABELS = ("No_findings", "COVID-19")
LEAKS = "The split divides 3 patients: their films are in train and test."
STEP = 168
_GOLDEN = 0.6180339887
_SOURCES, _SEXES = ("Radiopaedia", "Eurorad", "a hospital with a long name", "Hannover"), ("F", "M", "")


def films_of(count: int, skill: float, positive: Callable[[int], bool]) -> Films:
    """Films with an overconfident network's probabilities, two of each patient; the same at each call."""
    labels, normal = np.array([positive(place) for place in range(count)], np.int32), NormalDist()
    noise = np.array([normal.inv_cdf((0.5 + place * _GOLDEN) % 1) for place in range(count)])
    probabilities = 1 / (1 + np.exp(-3.0 * (skill * (2 * labels - 1) + noise + 0.4)))
    columns = {"source": [_SOURCES[place % 7 % 4] for place in range(count)],
               "sex": [_SEXES[place % 3] for place in range(count)]}  # fmt: skip
    return Films(labels, np.round(probabilities, 6), [f"p{place // 2}" for place in range(count)], columns)


@cache
def operation() -> Operation:
    """Calibration and operating point, as set on the validation films."""
    films = films_of(94, 1.2, lambda place: place % 5 == 0)
    settings = config.resolve({"run.operating_point": "sensitivity>=0.9"}).run
    return set_operation(settings, films.labels, films.probabilities)


@cache
def measured(count: int, skill: float, one_class: bool = False) -> tuple[Films, Measures]:
    """Films and what was measured on them; every fifth is positive, or all are."""
    films = films_of(count, skill, lambda place: one_class or place % 5 == 0)
    return films, measure(films, operation())


def write(checkpoints: Path, name: str, *, leaks: str = "", one_class: bool = False) -> Run:
    """A finished run with its validation and test films."""
    events: list[ev.Event] = []
    results = {}
    for split, count, skill in (("validation", 94, 1.2), ("test", 93, 1.1)):
        films, found = measured(count, skill, one_class and split == "test")
        plain = EvalResult({"loss": 0.32}, {}, films.probabilities).at(operation(), films.labels)
        event = found.evaluated(split, STEP, plain.metrics, plain.counts)
        results[split] = films, found, plain, event
    for item in logs.finished(name):
        at = item.time
        events.append(replace(results[item.part][3], time=at) if isinstance(item, ev.Evaluated) else item)
    if leaks:
        events.insert(-1, ev.Warned(code=ev.SPLIT_LEAKS, message=leaks, time=events[-1].time))
    run = logs.write(checkpoints, name, events, state=True)
    for split, (films, found, plain, _) in results.items():
        paths = [f"films/{split}{place}.png" for place in range(len(films.labels))]
        rows = np.arange(len(films.labels))
        of_split = Split(films.labels, paths, [*films.patients], [*films.columns["source"]], paths,
                         cast(Store, None), rows)  # fmt: skip
        plain.write(run.evaluation, split, of_split, [*LABELS], STEP, found, leaks)
    return run


def write_other(run: Run, name: str, /, **more: Any) -> Path:
    """Films of another hospital, as ``cxrtui evaluate RUN --data other/ --keep NAME`` keeps them."""
    films, found = measured(140, 0.4)
    shown = operation().calibration(films.probabilities)
    counts = confusion(films.labels, shown, operation().threshold)
    plain = metrics(films.labels, shown, threshold=operation().threshold)
    familiar = [("other/1.png", "a copy of films/train3.png", 0.99)]
    data = ev.DataPrepared(source="other", fingerprint="x", counts={}, labels=[*LABELS], seconds=1.0, patients={},
                           left_out={"lateral": 12}, unreadable=[["other/torn.png", "the file is empty"]])  # fmt: skip
    evaluation = Evaluation(run.name, "other", LABELS, plain, counts, operation().threshold, data, found,
                            familiar=familiar)  # fmt: skip
    return keep(run, name, {**evaluation.as_dict(), **more})
