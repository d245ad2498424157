"""What the process that computes can do. A job takes its arguments as JSON holds them, and imports what it needs."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from cxrtui.errors import CheckCancelled
from cxrtui.process.compute.models import Models
from cxrtui.runs.folder import Run
from cxrtui.settings import config


class Request(Protocol):
    """The request that a job answers."""

    @property
    def check_cancelled(self) -> CheckCancelled:
        """Raises `Cancelled` once the answer is no longer wanted."""

    def part(self, **words: Any) -> None:
        """Send what is done so far."""


Answer = tuple[dict[str, Any], bytes | memoryview]
Job = Callable[..., Answer]

_models = Models()
_one_drawing = threading.Lock()  # matplotlib's settings are those of the process
_one_at_a_time = threading.Lock()  # a classification that was cancelled may be at a film still


def target_as_text(target: Run | Path) -> list[str]:
    """Return a model as an argument."""
    return ["run", str(target.folder)] if isinstance(target, Run) else ["shelf", str(target)]


def _target(text: Sequence[str]) -> Run | Path:
    return Run(Path(text[1])) if text[0] == "run" else Path(text[1])


def _classify(request: Request, *, target: Sequence[str], paths: Sequence[str], refuse: bool) -> Answer:
    """Tell a row for each film, in order."""
    with _one_at_a_time:
        request.check_cancelled()
        for row in _models.get(_target(target)).classify([Path(path) for path in paths], refuse=refuse):
            request.check_cancelled()
            request.part(row=dataclasses.asdict(row))
    return {}, b""


def _heat_layer(
    request: Request, *, target: Sequence[str], path: str, film: Sequence[int], method: str, stage: str
) -> Answer:  # fmt: skip
    """Return the heat map of a film, and its pixels in the bytes."""
    del request
    from cxrtui.evaluation.evidence.layers import film_layer

    layer = film_layer(_models.get(_target(target)).model, Path(path), (film[0], film[1]), method, stage)
    words = {"shape": layer.pixels.shape, "strongest": layer.strongest, "positive": layer.positive}
    return words, layer.pixels.tobytes()


def _check_weights(request: Request, *, file: str, settings: dict[str, Any]) -> Answer:
    """Make sure that a run with these settings can begin with the weights in a file."""
    del request
    from cxrtui.net.build import spec_of
    from cxrtui.weights.backbone import read_backbone

    read_backbone(Path(file), spec_of(config.resolve(config.flatten(settings, "the dashboard"))))
    return {}, b""


def _fetch(request: Request, *, name: str, models: str, force: bool) -> Answer:
    """Put published weights on the shelf, telling the bytes; return whether they are new there."""
    from cxrtui.weights import shelving

    def on_progress(here: int, total: int) -> None:
        request.part(progress=[here, total])

    _, _, new = shelving.fetch(name, Path(models), on_progress, force=force, check_cancelled=request.check_cancelled)
    return {"new": new}, b""


def _port(
    request: Request, *, file: str, models: str, name: str, options: dict[str, Any], force: bool
) -> Answer:  # fmt: skip
    """Put a file of weights on the shelf; return its checksum, and what was taken of it."""
    from cxrtui.weights import shelving
    from cxrtui.weights.port import PortOptions

    taken: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    _, manifest = shelving.port(Path(file), Path(models), name, PortOptions(**taken), force=force,
                                check_cancelled=request.check_cancelled)  # fmt: skip
    return {"taken": manifest.taken, "sha256": manifest.source_sha256}, b""


def _report(request: Request, *, run: str, target: str) -> Answer:
    """Write the page on a run."""
    from cxrtui.evaluation.report.writing import write

    with _one_drawing:
        write(Run(Path(run)), Path(target), on_progress=lambda phase, done, total: request.check_cancelled())
    return {}, b""


def _export(request: Request, *, run: str, models: str, name: str) -> Answer:
    """Put the best weights of a run on the shelf as a classifier."""
    request.check_cancelled()
    from cxrtui.evaluation.export import export
    from cxrtui.runner import versions

    export(Run(Path(run)), Path(models), name, versions())
    return {}, b""


JOBS: dict[str, Job] = {
    "classify": _classify, "heat_layer": _heat_layer, "check_weights": _check_weights, "fetch": _fetch, "port": _port,
    "report": _report, "export": _export,
}  # fmt: skip
