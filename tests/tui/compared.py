"""Recorded runs to compare: each with another setting, and with the rows of the films that its evaluation wrote."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from cxrtui.evaluation.metrics import metrics
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.statistics.operating_point import confusion
from tests.tui import logs

LABELS = ("No_findings", "COVID-19")
FILMS = {"test": 93, "validation": 94}
_GOLDEN = 0.6180339887


def scores_of(split: str, skill: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels, every fifth positive, and probabilities with six decimals; the same at each call, on any machine."""
    count, normal = FILMS[split], NormalDist()
    labels = (np.arange(count) % 5 == 0).astype(np.int32)
    noise = [normal.inv_cdf((0.5 + place * _GOLDEN) % 1) for place in range(count)]
    scores = [normal.cdf(skill * (1 if label else -1) + wave) for label, wave in zip(labels, noise, strict=True)]
    return labels, np.round(scores, 6)


def rows_of(split: str, skill: float) -> list[dict[str, str]]:
    """The rows of ``evaluation/<split>.csv``; two films are of each patient."""
    return [
        {"path": f"films/{split}{place}.png", "patient": f"p{place // 2}", "source": "", "label": LABELS[label],
         "called": LABELS[int(score >= 0.5)], "probability": f"{score:.6f}"}
        for place, (label, score) in enumerate(zip(*scores_of(split, skill), strict=True))
    ]  # fmt: skip


def evaluated(split: str, skill: float, at: float) -> ev.Evaluated:
    """The event of the same evaluation."""
    labels, scores = scores_of(split, skill)
    return ev.Evaluated(part=split, step=168, threshold=0.5, counts=confusion(labels, scores), time=at,
                        metrics=metrics(labels, scores, 0.32))  # fmt: skip


def events_of(name: str, skill: float, changed: Mapping[str, Any], *, division: str = "d1") -> list[ev.Event]:
    """A finished log with other settings, by dotted name, another split, and results by `skill`."""
    events: list[ev.Event] = []
    worse = 0.1 * (1.6 - skill)
    for event in logs.finished(name):
        if isinstance(event, ev.RunStarted):
            config = {section: dict(body) for section, body in event.config.items()}
            for key, value in changed.items():
                section, item = key.split(".")
                config[section][item] = value
            versions = {"cxrtui": "0.9.0", "jax": "0.10.2"}
            event = replace(event, config=config, versions=versions)
        elif isinstance(event, ev.DataPrepared):
            event = replace(event, division=division, content="c1")
        elif isinstance(event, ev.Evaluated):
            event = evaluated(event.part, skill, event.time)
        elif isinstance(event, ev.Validated):
            event = replace(event, metrics={name: value + (worse if name == "loss" else -worse)
                                            for name, value in event.metrics.items()})  # fmt: skip
        elif isinstance(event, ev.EarlyStopping):
            event = replace(event, value=event.value + worse, best=event.best + worse, to_beat=event.to_beat + worse)
        events.append(event)
    return events


def write_rows(run: Run, split: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Write ``evaluation/<split>.csv``."""
    run.evaluation.mkdir(exist_ok=True)
    with (run.evaluation / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_splits(run: Run, splits: Mapping[str, str]) -> None:
    """Write splits.csv: the split of each film by its SHA-256."""
    lines = [f"films/{digest}.png,x,p,{split},,{digest}\n" for digest, split in splits.items()]
    run.splits_file.write_text("path,label,patient,part,source,sha256\n" + "".join(lines))


def write(checkpoints: Path, name: str, skill: float = 1.6, *, division: str = "d1", **changed: Any) -> Run:
    """A finished run whose settings differ by `changed` (``optim__name="sgd"``)."""
    settings = {key.replace("__", "."): value for key, value in changed.items()}
    run = logs.write(checkpoints, name, events_of(name, skill, settings, division=division))
    for split in FILMS:
        write_rows(run, split, rows_of(split, skill))
    return run
