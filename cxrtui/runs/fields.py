"""The values of a run by which a list of runs is filtered and sorted, each with its name.

Beside the names of `FIELDS` and `SHORT`, every setting has a name: ``optim.batch_size``, or ``batch_size`` if no other
section has a setting of that name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from cxrtui.runs.follow import Snapshot
from cxrtui.runs.notes import Notes
from cxrtui.runs.state import RunState
from cxrtui.settings.config import ALIASES
from cxrtui.settings.listing import BY_KEY

Kind = Literal["text", "number", "age", "status", "words"]
Value = str | float | tuple[str, ...] | None
"""None if the run has no such value. An age is in seconds."""


@dataclass(frozen=True)
class Field:
    """A value of a run.

    `kind`: text; number; age, a number of seconds; status, one of the words of a run's status; words, several texts.
    `best_last`: the greatest value is the best, so that a list begins with it. `order` is what a list is sorted by, if
    that is not the value.
    """

    name: str
    kind: Kind
    about: str
    value: Callable[[Snapshot, float], Value]
    best_last: bool = False
    order: Callable[[Snapshot, float], tuple[object, ...] | None] | None = None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _metric(metric: str, splits: tuple[str, ...], run: Snapshot, now: float) -> float | None:
    """Return a metric of the first of `splits` that was evaluated, or of the latest validation if that is meant."""
    del now
    state = run.state
    for split in splits:
        if split in state.evaluations:
            return _number(state.evaluations[split].metrics.get(metric))
    if "validation" in splits and len(state.validations):
        return _number(state.validations[-1].metrics.get(metric))
    return None


def _best(run: Snapshot, now: float) -> float | None:
    return _number(run.state.early.best) if run.state.early is not None else None


def _best_order(run: Snapshot, now: float) -> tuple[object, ...] | None:
    """Return what brings runs of one metric together, and of these the best first."""
    best = _best(run, now)
    if best is None or run.state.early is None:
        return None
    metric = run.state.early.metric
    return metric, best if metric == "loss" else -best


def source_texts(state: RunState) -> tuple[str, ...]:
    """Return the folders of the run's films, as its configuration names them."""
    source = state.config.get("data", {}).get("source", ())
    return tuple(map(str, source)) if isinstance(source, (list, tuple)) else (str(source),)


def _data(run: Snapshot, now: float) -> tuple[str, ...]:
    return source_texts(run.state)


def _epoch(run: Snapshot, now: float) -> float | None:
    return float(run.state.epoch) if len(run.state.steps) else None


METRICS = ("loss", "accuracy", "auroc", "sensitivity", "specificity")
FIELDS: dict[str, Field] = {
    item.name: item
    for item in (
        Field("name", "text", "the run's name", lambda run, now: run.run.name),
        Field("status", "status", "its status: done, live, or one of the words in the list",
              lambda run, now: run.word),
        Field("note", "text", "its note", lambda run, now: run.notes.note or None),
        Field("tag", "words", "its tags", lambda run, now: run.notes.tags),
        Field("data", "words", "the folders of its films", _data),
        Field("device", "text", "the device that trained it",
              lambda run, now: str(run.state.device["kind"]) if "kind" in run.state.device else None),
        Field("metric", "text", "the metric that early stopping watches",
              lambda run, now: run.state.early.metric if run.state.early else None),
        Field("val", "number", "the best value of the watched metric", _best, order=_best_order),
        Field("epoch", "number", "the epoch that it has reached", _epoch, best_last=True),
        Field("step", "number", "the step that it has reached",
              lambda run, now: float(run.state.step) if len(run.state.steps) else None, best_last=True),
        Field("age", "age", "the time since it was active", lambda run, now: now - run.state.updated
              if run.state.updated else None),
        *(Field(metric, "number", f"{metric} on the test films, or on the validation films until the test",
                partial(_metric, metric, ("test", "validation")), best_last=metric != "loss") for metric in METRICS),
        *(Field(f"{short}.{metric}", "number", f"{metric} on the {split} films",
                partial(_metric, metric, (split,)), best_last=metric != "loss")
          for short, split in (("test", "test"), ("val", "validation")) for metric in METRICS),
    )
}  # fmt: skip
"""Every value that is no setting, by name."""

SHORT = {
    "run": "name", "tags": "tag", "notes": "note", "acc": "accuracy", "auc": "auroc", "best": "val",
    "test": "test.accuracy", "test.acc": "test.accuracy", "val.acc": "val.accuracy", "lr": "optim.learning_rate",
    "batch": "optim.batch_size", "optimizer": "optim.name", "lr.head": "optim.head_learning_rate",
}  # fmt: skip
"""Other names."""


def _setting(key: str, run: Snapshot, now: float) -> Value:
    del now
    for name in (key, *(older for older, present in ALIASES.items() if present == key)):
        section, _, item = name.partition(".")
        value = run.state.config.get(section, {}).get(item)
        if isinstance(value, (list, tuple)):
            return tuple(map(str, value))
        if isinstance(value, dict):
            return tuple(f"{part}:{amount}" for part, amount in value.items())
        if value is not None:
            return value if isinstance(value, (int, float)) else str(value)
    return None


def _settings() -> dict[str, Field]:
    found = {}
    for key, item in BY_KEY.items():
        number = isinstance(item.default, (int, float))
        kind: Kind = "number" if number else "words" if item.several or item.table else "text"
        found[key] = Field(key, kind, item.about, partial(_setting, key))
    return found


SETTING_FIELDS = _settings()
"""Every setting, by its dotted name."""
_ENDINGS = Counter(key.partition(".")[2] for key in SETTING_FIELDS)


def names() -> list[str]:
    """Return every name that `field_of` takes, except the short names of settings."""
    return [*FIELDS, *SHORT, *SETTING_FIELDS]


def field_of(name: str) -> Field | None:
    """Return the value called `name`; None if there is none."""
    word = name.casefold()
    word = SHORT.get(word, word)
    word = ALIASES.get(word, word)
    if word in FIELDS:
        return FIELDS[word]
    if word not in SETTING_FIELDS and _ENDINGS[word] == 1:
        word = next(key for key in SETTING_FIELDS if key.partition(".")[2] == word)
    return SETTING_FIELDS.get(word)


def texts_of(run: Snapshot) -> tuple[str, ...]:
    """Return what a word without a key is looked for in: the name, the note and the tags."""
    notes: Notes = run.notes
    return run.run.name, notes.note, *notes.tags
