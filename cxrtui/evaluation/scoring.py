"""Scores films from any source with a classifier: those that it did not see in training, with its probabilities."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.loader import make_loader
from cxrtui.data.prepared.evaluation import load_evaluation
from cxrtui.data.prepared.ready import Split
from cxrtui.data.prepared.seen import Familiar
from cxrtui.errors import DataError, UsageError, WeightsError, never_cancelled
from cxrtui.evaluation import model as models
from cxrtui.evaluation.evaluator import BATCH, Evaluator
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.operation import Operation
from cxrtui.evaluation.predict import Predictor
from cxrtui.evaluation.trained_on import leaks, trained_on
from cxrtui.evaluation.tta import changed
from cxrtui.runs.events import DataPrepared, Event, Warned
from cxrtui.runs.folder import Run
from cxrtui.settings import config as configs

T = TypeVar("T")
OnEvent = Callable[[Event], None]
_OF_THE_MODEL = ("data.size", "data.resize_mode")
"""How films become what the network sees: as in its training."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Films of a source and what a classifier, or several together, said of them.

    Attributes:
        name: of the classifier.
        split: the films.
        probabilities: ``[N]``, the network's own, of the positive class; of several classifiers, calibrated ones.
        operation: calibration and operating point for these probabilities.
        data: the event that describes the films.
        leaks: what the split of the training divides, in one sentence; empty if nothing.
        familiar: by path, the films that are known from the training.
        step: optimizer step of the weights; None for several classifiers.
    """

    name: str
    split: Split
    probabilities: NDArray[np.float64]
    operation: Operation
    data: DataPrepared
    leaks: str
    familiar: Mapping[str, Familiar]
    step: int | None = None


def score(
    target: Run | Path, source: str | Sequence[str], values: Mapping[str, Any], on_event: OnEvent, *,
    step: int | None = None, keep_seen: bool = False, calibrated: bool = True, augmented: int = 0, devices: int = 1,
) -> Scored:  # fmt: skip
    """Return the films of `source` that the classifier was not trained on, with their probabilities.

    Args:
        target: a run, or a folder of the shelf.
        source: labelled films, as for training; the films of several paths are scored together.
        values: ``data.*`` settings of these films, which override those of the run.
        on_event: called with each event of progress, and each warning.
        step: of a run, the checkpoint to take instead of the best one.
        keep_seen: whether films that are known from the training are scored too.
        calibrated: whether the calibration is to be applied later.
        augmented: how many random changes of each film are averaged with it; see `tta`.
        devices: that share each batch, as in `model.load`.

    Raises:
        DataError, WeightsError, UsageError: the films or the classifier cannot be used.
    """
    model = models.load(target, step, devices=devices)
    if model.note:
        on_event(Warned(code="no-digests", message=model.note))
    if isinstance(target, Run) and model.step == 0:
        on_event(Warned(code="untrained", message=f"{model.name} has not been trained yet: its checkpoint is of step "
                        "0, and these results mean nothing."))  # fmt: skip
    for key in _OF_THE_MODEL:
        if key in values:
            own = getattr(model.config.data, key.removeprefix("data."))
            raise UsageError(f"{key} is not for an evaluation: the classifier decides it, and that of {model.name} "
                             f"is {own}.")  # fmt: skip
    data = configs.with_values(model.config, values).data
    prepared: list[DataPrepared] = []

    def keep(event: Event) -> None:
        if isinstance(event, DataPrepared):
            prepared.append(event)
        on_event(event)

    seen = models.seen_in_training(target)
    films = result_of(load_evaluation(data, source, trained=model.labels, asked=values, seen=seen,
                                      keep_seen=keep_seen), keep)  # fmt: skip
    split = films.splits["all"]
    _warn(model, films.familiar, seen.known is None, keep_seen, on_event)
    if model.step != 0 and (warning := trained_on(target, model.step).warning(split.paths)):
        on_event(Warned(code="synthetic", message=warning))
    batch = BATCH * model.devices
    predictor = Predictor(model.graphdef, model.size, model.stored_size, batch, model.layout, table=model.table)
    loader = make_loader(split, predictor.layout, data.feed)
    found = result_of(Evaluator(predictor).evaluate(model.variables, loader, "evaluating", never_cancelled), on_event)
    probabilities = found.probabilities
    if augmented:
        more = result_of(changed(model, loader, predictor.layout, augmented, batch, never_cancelled), on_event)
        probabilities = (probabilities + augmented * more) / (augmented + 1)
    if count := int(np.sum(~np.isfinite(probabilities))):
        raise WeightsError(f"{model.name} gives no finite probability for {count} of these {len(split)} films; "
                           "its weights cannot be used for them.")  # fmt: skip
    operation = model.operation if calibrated else model.uncalibrated.operation
    return Scored(model.name, split, probabilities, operation, prepared[0], leaks(target), films.familiar, model.step)


def _warn(
    model: Model, familiar: Mapping[str, Familiar], undescribed: bool, keep_seen: bool, on_event: OnEvent
) -> None:
    """Pass warnings on films that are known from the training."""
    if familiar:
        kept = "they are counted all the same, so the results say nothing about unseen films" if keep_seen else (
            "they are left out (--keep-seen keeps them)")  # fmt: skip
        on_event(
            Warned(
                code="trained-on",
                message=f"{len(familiar)} of the films are known from the training of {model.name}, as they are, "
                f"as copies or by their patient; {kept}.",
            )
        )
    if undescribed:
        on_event(Warned(code="no-descriptors", message=f"{model.name} has no descriptors of the films of its training: "
                        "only identical files are recognised."))  # fmt: skip


def in_common(scored: Sequence[Scored]) -> list[Scored]:
    """Return the same scores, on the films alone that all of them have, in the order of the first.

    Raises:
        DataError: they have none in common, or a film is of another class for one of them.
    """
    shared = set(scored[0].split.paths).intersection(*(item.split.paths for item in scored[1:]))
    order = [path for path in scored[0].split.paths if path in shared]
    if not order:
        raise DataError("No film is left that none of the classifiers knows from its training; --keep-seen evaluates "
                        "such films all the same, which says nothing about unseen films.")  # fmt: skip
    result = []
    for item in scored:
        place_of = {path: place for place, path in enumerate(item.split.paths)}
        places = [place_of[path] for path in order]
        result.append(replace(item, split=item.split.take(places), probabilities=item.probabilities[places]))
    if any((item.split.labels != result[0].split.labels).any() for item in result):
        raise DataError("The classifiers take different findings for positive; say with --set data.positive=… and "
                        "--set data.negative=… which of these films count.")  # fmt: skip
    return result


def together(scored: Sequence[Scored]) -> Scored:
    """Return the ensemble of classifiers: the mean of their calibrated probabilities, and of their thresholds.

    Raises:
        DataError: as `in_common`.
    """
    if len(scored) == 1:
        return scored[0]
    members = in_common(scored)
    mean = np.mean([item.operation.calibration(item.probabilities) for item in members], axis=0)
    threshold = float(np.mean([item.operation.threshold for item in members]))
    rules = {item.operation.rule for item in members}
    operation = Operation(threshold=threshold, uncalibrated=threshold,
                          rule=rules.pop() if len(rules) == 1 else "the mean of the members' thresholds")  # fmt: skip
    return replace(
        members[0], name="+".join(item.name for item in members), probabilities=mean, operation=operation,
        leaks=" ".join(dict.fromkeys(filter(None, (item.leaks for item in members)))),
        familiar={path: why for item in members for path, why in item.familiar.items()}, step=None,
    )  # fmt: skip


def result_of(stream: Generator[Event, None, T], on_event: OnEvent) -> T:
    """Call `on_event` with each event of `stream`, and return its result."""
    while True:
        try:
            on_event(next(stream))
        except StopIteration as stop:
            return cast("T", stop.value)
