"""Reads the evaluations of a run, and computes the intervals and curves that an older version did not write.

Those of its own films are ``evaluation/<split>.json``, which the log names. Those of other films are the other files
there, which ``cxrtui evaluate RUN --keep NAME`` writes (`keep`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui import strict_json
from cxrtui.data.pool import OnProgress
from cxrtui.disk import explained
from cxrtui.errors import DataError, UsageError
from cxrtui.evaluation.comparison import predictions
from cxrtui.evaluation.measures import Films, measure
from cxrtui.evaluation.operation import Operation
from cxrtui.files import NAME_RULE, is_name, read_text, write_atomic
from cxrtui.runs.events import COUNTED, Evaluated
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.settings.sections import EVALUATED
from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.estimate import Estimate

_FRACTIONS = {"accuracy": (("tp", "tn"), "films"), "sensitivity": (("tp",), "positive"),
              "specificity": (("tn",), "negative")}  # fmt: skip
_MOST = 256 * 1024 * 1024  # bytes of a file


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured on some films.

    Attributes:
        name: validation, test, or the name of the films' source.
        body: plain values, as ``evaluation/<split>.json`` or ``cxrtui evaluate --json`` has them.
        external: whether the films are of another source than the run's.
        remark: how the numbers were come by, where that is not as usual; else empty.
    """

    name: str
    body: Mapping[str, Any]
    external: bool = False
    remark: str = ""

    @property
    def labels(self) -> tuple[str, str]:
        """The negative and the positive label."""
        found = self.body.get("labels")
        if isinstance(found, list) and len(found) == 2:
            return str(found[0]), str(found[1])
        return "negative", "positive"


def evaluations_of(run: Run, state: RunState, on_progress: OnProgress) -> tuple[list[Evaluation], list[str]]:
    """Return the evaluations of the run's own films and then those that were kept, and sentences on unusable files.

    `on_progress` is called while intervals are computed, and may raise to end it.
    """
    found, problems = [], []
    for split in sorted(state.evaluations, key=lambda name: (name != "validation", name != "test", name)):
        body, why = _saved(run, split, state.evaluations[split])
        if why:
            problems.append(why)
        remark = ""
        if "estimates" not in body or "curves" not in body:
            body, remark = _computed(run, state, split, body, on_progress)
        found.append(Evaluation(split, body, remark=remark))
    for file in kept(run):
        if file.stem not in state.evaluations:
            try:
                found.append(external(file, run.name, state, name=file.stem))
            except UsageError:
                problems.append(f"evaluation/{file.name} is of another model, and is left out.")
            except DataError:
                problems.append(f"evaluation/{file.name} is no evaluation, and is left out.")
    return found, problems


def kept(run: Run) -> list[Path]:
    """Return the files of evaluations of other films than the run's own, by name."""
    return sorted(file for file in run.evaluation.glob("*.json") if file.stem not in EVALUATED)


def check_kept_name(name: str) -> None:
    """Raise UsageError unless an evaluation of other films may be kept by this name."""
    if not is_name(name):
        raise UsageError(f"The name of an evaluation holds {NAME_RULE}, not {name!r}.")
    if name in EVALUATED:
        raise UsageError(f"The evaluation of the run's own {name} films has the name {name}; choose another.")


def keep(run: Run, name: str, body: Mapping[str, Any]) -> Path:
    """Write the evaluation of other films, as plain values, beside those of the run's own; return the file.

    Raises:
        UsageError: the name is not allowed, or the disk refuses.
    """
    check_kept_name(name)
    file = run.evaluation / f"{name}.json"
    try:
        run.evaluation.mkdir(exist_ok=True)
        write_atomic(file, strict_json.dumps(body, indent=2) + "\n")
    except OSError as error:
        raise UsageError(f"Cannot write {file}: {explained(error)}.") from None
    return file


def external(file: Path, run_name: str, state: RunState, name: str = "") -> Evaluation:
    """Return the evaluation in a file that ``cxrtui evaluate --json`` has printed; by default it has its films' name.

    Its remark says so if it is of other weights than those of the run's own evaluations in `state`.

    Raises:
        DataError: the file cannot be read, or is no such thing.
        UsageError: it is the evaluation of another model.
    """
    try:
        body = json.loads(read_text(file, _MOST))
        model, source = body["run"], body["source"]
        if not {"estimates", "counts", "curves"} <= body.keys() or not body["counts"].keys() >= COUNTED:
            raise KeyError("estimates")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(f"{file} is no evaluation; write one with: cxrtui evaluate {run_name} --data PATH --json > "
                        f"{file}") from None  # fmt: skip
    if model != run_name:
        raise UsageError(f"{file} is an evaluation of {model} and not of run {run_name}.")
    return Evaluation(name or Path(str(source)).name or str(source), body, True, _other_weights(body, state))


def _other_weights(body: Mapping[str, Any], state: RunState) -> str:
    """Return that an evaluation is of another checkpoint than those of the run's own films; empty if it is not."""
    step, own = body.get("step"), {event.step for event in state.evaluations.values()}
    if not isinstance(step, int) or not own or step in own:
        return ""
    return f"It is of the checkpoint of step {step}; the run's own films were evaluated with that of step {max(own)}."


def _saved(run: Run, split: str, event: Evaluated) -> tuple[dict[str, Any], str]:
    """Return the file of a split if it is that of the log, else what the log has, and why that is."""
    body = {"part": split, "step": event.step, "threshold": event.threshold, "metrics": event.metrics,
            "counts": event.counts, "labels": None}  # fmt: skip
    if not is_name(split):
        return body, ""
    name = f"evaluation/{split}.json"
    try:
        saved = json.loads(read_text(run.evaluation / f"{split}.json", _MOST))
        if saved["step"] == event.step and saved["counts"] == event.counts:
            return dict(saved), ""
        return body, f"{name} is of another evaluation than the log, so that the numbers of the log are shown."
    except OSError as error:
        return body, f"{name} cannot be read ({error.strerror or error}), so that the numbers of the log are shown."
    except (ValueError, KeyError, TypeError, RecursionError):
        return body, f"{name} is no evaluation, so that the numbers of the log are shown."


def _computed(
    run: Run, state: RunState, split: str, body: dict[str, Any], on_progress: OnProgress
) -> tuple[dict[str, Any], str]:
    """Return `body` with intervals and curves from the films' probabilities, or from the counts alone; and how."""
    labels = tuple(body.get("labels") or state.labels)
    body = {**body, "labels": list(labels)}
    try:
        films = predictions.read(run, split, labels)
    except DataError as error:
        return _of_counts(body), f"{error}: intervals are from counts alone, as if films were independent."
    if any(body["counts"].get(name) != count for name, count in films.counts.items()):
        return _of_counts(body), f"evaluation/{split}.csv is of another evaluation: intervals are from counts alone."
    if not np.isfinite(films.scores).all():
        return _of_counts(body), f"evaluation/{split}.csv has probabilities that are no numbers."
    threshold = float(body.get("threshold", 0.5))
    operation = Operation(threshold=threshold, uncalibrated=threshold, rule=f"{threshold:g}")
    measures = measure(Films(films.labels, films.scores, films.patients, {}), operation, on_progress=on_progress)
    more: dict[str, Any] = json.loads(strict_json.dumps(measures.as_dict()))
    return {**body, **more}, (
        f"The run is of a version that wrote no intervals; they were computed now from evaluation/{split}.csv."
    )


def _of_counts(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with exact binomial intervals of the fractions, and the other metrics without any."""
    counts, estimates = body["counts"], {}
    for name, value in body.get("metrics", {}).items():
        low = high = none = float("nan")
        if name in _FRACTIONS:
            parts, of = _FRACTIONS[name]
            count = sum(counts[part] for part in parts)
            if 0 <= count <= counts[of]:  # a log may say anything
                low, high = clopper_pearson(count, counts[of])
        if name != "loss":
            known = value is not None and abs(value) <= 1
            estimates[name] = Estimate(
                value if known else none, low, high, counts["films"], 0, exact=name in _FRACTIONS
            )
    curves = {"confusion": {name: counts[name] for name in ("tp", "fp", "fn", "tn")}}
    found = {name: value.as_dict() for name, value in estimates.items()}
    return {**body, **json.loads(strict_json.dumps({"estimates": found, "curves": curves}))}
