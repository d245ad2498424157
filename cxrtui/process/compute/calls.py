"""The functions of the rooms below that need JAX, as the dashboard calls them: they run in the process that computes.

They return what those return, to the bit, and raise the same errors, or a CxrtuiError if the process died.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import CheckCancelled, never_cancelled
from cxrtui.evaluation.evidence.layer import Layer
from cxrtui.evaluation.rows import Classified
from cxrtui.process.compute.jobs import target_as_text
from cxrtui.process.compute.owner import ComputeProcess
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config

compute = ComputeProcess()


def classify(
    target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled = never_cancelled, *, refuse: bool = True
) -> Iterator[Classified]:  # fmt: skip
    """Yield a row for each film, as `cxrtui.evaluation.classify.Classifier.classify` of the model."""
    arguments = {"target": target_as_text(target), "paths": [str(path) for path in paths], "refuse": refuse}
    for words, _ in compute.ask("classify", arguments, check_cancelled):
        if "row" in words:
            yield Classified(**words["row"] | {"notes": tuple(words["row"]["notes"])})


def heat_layer(target: Run | Path, path: Path, film: tuple[int, int], method: str, stage: str) -> Layer:
    """Return the heat map of a film, as `cxrtui.evaluation.evidence.layers.film_layer` of the model."""
    arguments = {"target": target_as_text(target), "path": str(path), "film": film, "method": method, "stage": stage}
    words, body = compute.result("heat_layer", arguments)
    pixels = np.frombuffer(body, np.uint8).reshape(words["shape"])
    return Layer(pixels, words["strongest"], words["positive"])


def check_weights(file: Path, config: Config) -> None:
    """Raise WeightsError if a run cannot begin with the weights in a file; see `weights.backbone.read_backbone`."""
    compute.result("check_weights", {"file": str(file), "settings": config.as_dict()})


def fetch(
    name: str, models: Path, on_progress: Callable[[int, int], None], *, force: bool, check_cancelled: CheckCancelled
) -> bool:  # fmt: skip
    """Put published weights on the shelf, as `cxrtui.weights.shelving.fetch`; return whether they are new there."""
    arguments = {"name": name, "models": str(models), "force": force}
    new = False
    for words, _ in compute.ask("fetch", arguments, check_cancelled, stay=True):
        if "progress" in words:
            on_progress(*words["progress"])
        else:
            new = words["new"]
    return new


def port(
    file: Path, models: Path, name: str, options: dict[str, Any], *, force: bool, check_cancelled: CheckCancelled
) -> tuple[str, str]:  # fmt: skip
    """Put a file of weights on the shelf, as `cxrtui.weights.shelving.port`.

    Args:
        file: the weights.
        models: the shelf.
        name: of the new folder there.
        options: of `cxrtui.weights.port.PortOptions`, by name.
        force: replace a model of that name.
        check_cancelled: see `cxrtui.errors.CheckCancelled`.

    Returns:
        What was taken of the file, and its SHA-256.
    """
    arguments = {"file": str(file), "models": str(models), "name": name, "options": options, "force": force}
    *_, (words, _) = compute.ask("port", arguments, check_cancelled, stay=True)
    return words["taken"], words["sha256"]


def export(run: Run, models: Path, name: str) -> None:
    """Put the best weights of a run on the shelf as a classifier, as `cxrtui.evaluation.export.export`."""
    compute.result("export", {"run": str(run.folder), "models": str(models), "name": name})


def report(run: Run, target: Path) -> None:
    """Write the page on a run to a file, as `cxrtui.evaluation.report.writing.write`."""
    compute.result("report", {"run": str(run.folder), "target": str(target)})
