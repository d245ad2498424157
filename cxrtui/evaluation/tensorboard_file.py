"""Writes a run as an event file of TensorBoard, with the package ``tensorboard`` alone (extra ``cxrtui[tensorboard]``).

The records, their checksums and the messages are TensorBoard's own; TensorFlow is neither needed nor imported. Scalars
are those of each step (``train/``), of each epoch (``epoch/``), of each validation (``validation/``) and of the
evaluations (``test/``, …) at the step of the best weights; the settings are hyperparameters of TensorBoard.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxrtui.errors import UsageError
from cxrtui.files import replacing
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.runs.tables import folder_for, not_written

OF_A_STEP = ("loss", "accuracy", "learning_rate", "gradient_norm", "images_per_second")
_VERSION = "brain.Event:2"


def require() -> tuple[Any, Any, Any, Any]:
    """Return TensorBoard's writer of records, its messages Event and Summary, and its maker of hyperparameters.

    Raises:
        UsageError: tensorboard is not installed.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        raise UsageError(
            "Event files are written with the package tensorboard: pip install 'cxrtui[tensorboard]'."
        ) from None
    return RecordWriter, Event, Summary, hparams_pb


def write_events(run: Run, place: Path) -> Path:
    """Write `run` into the folder of its name in `place`, for ``tensorboard --logdir place``; replace an older file.

    Returns:
        The folder.

    Raises:
        UsageError: tensorboard is not installed, the folder is a run, or the disk refuses.
    """
    record_writer, event_type, summary_type, hparams_pb = require()
    folder = folder_for(run, place)
    state = run.read()
    file = folder / f"events.out.tfevents.{int(state.started):010d}.cxrtui"
    try:
        with replacing(file) as opened:
            writer = record_writer(opened)
            writer.write(event_type(wall_time=state.started, file_version=_VERSION).SerializeToString())
            if settings := _hyperparameters(state):
                summary = hparams_pb(settings, trial_id=run.name, start_time_secs=state.started)
                writer.write(event_type(wall_time=state.started, summary=summary).SerializeToString())
            for time, step, scalars in _scalars(state):
                values = [summary_type.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
                event = event_type(wall_time=time, step=step, summary=summary_type(value=values))
                writer.write(event.SerializeToString())
    except OSError as error:
        raise not_written(run, folder, error) from None
    return folder


def _hyperparameters(state: RunState) -> dict[str, Any]:
    """Return the settings as TensorBoard takes them: numbers and texts."""
    return {
        f"{section}.{name}": value if isinstance(value, (int, float)) else str(value)
        for section, body in state.config.items()
        for name, value in body.items()
    }


def _scalars(state: RunState) -> Iterator[tuple[float, int, Mapping[str, float]]]:
    """Yield time, step and the values by tag: of all steps, then of epochs, validations and evaluations."""
    columns = [state.steps.column(name) for name in ("time", "step", *OF_A_STEP)]
    tags = [f"train/{name}" for name in OF_A_STEP]
    for time, step, *values in zip(*columns, strict=True):
        yield time, step, dict(zip(tags, values, strict=True))
    for epoch in state.epochs:
        yield epoch.time, epoch.step, {"epoch/loss": epoch.loss, "epoch/accuracy": epoch.accuracy}
    for item in state.validations:
        yield item.time, item.step, {f"validation/{name}": value for name, value in item.metrics.items()}
    for split, result in state.evaluations.items():
        metrics = {f"{split}/best_{name}": value for name, value in result.metrics.items()}
        yield result.time, result.step, {tag: value for tag, value in metrics.items() if math.isfinite(value)}
