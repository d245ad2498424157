"""The functions of the rooms below that the dashboard calls; a worker thread imports each at its first call.

None of them imports JAX here: what needs it runs in a process of its own (`cxrtui.process`), since a thread that
imports or traces holds Python's lock, and keys wait. Tests pass in their own `Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cxrtui.errors import CheckCancelled
from cxrtui.evaluation.rows import Row
from cxrtui.process.gpus import Share
from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, DataConfig
from cxrtui.settings.protocol import Plan

if TYPE_CHECKING:
    import subprocess

    from cxrtui.data.films import Collection
    from cxrtui.data.inspect.report import Report
    from cxrtui.data.pool import OnProgress
    from cxrtui.evaluation.trained_on import TrainedOn
    from cxrtui.search.follow import Follower
    from cxrtui.search.study import Study
    from cxrtui.training.previewing import Preview
    from cxrtui.training.speed import Machine


def _drive(
    run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool],
    on_event: Callable[[str, Event], None], fault: Callable[[], str], let_go: Callable[[], bool],
) -> int:  # fmt: skip
    from cxrtui.process import standby
    from cxrtui.process.parent import drive

    return drive(run, config, resume=resume, should_stop=should_stop, on_event=on_event, fault=fault, let_go=let_go,
                 standby=standby.take())  # fmt: skip


def _prepare_standby() -> None:
    from cxrtui.process.standby import prepare

    prepare()


def _dismiss_standby() -> None:
    from cxrtui.process.standby import dismiss

    dismiss()


def _detach(run: Run, config: Config) -> None:
    from cxrtui.process.parent import detach

    detach(run, config)


def _start_config(run: Run) -> Config:
    from cxrtui.runner import start_config

    return start_config(run)


class Classify(Protocol):
    """`cxrtui.process.compute.calls.classify`."""

    def __call__(
        self, target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled, *, refuse: bool = True
    ) -> Iterator[Row]:  # fmt: skip
        """Yield one row for each film, in order; raise CxrtuiError if the model cannot be used."""


def _classify(
    target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled, *, refuse: bool = True
) -> Iterator[Row]:  # fmt: skip
    from cxrtui.process.compute.calls import classify

    return classify(target, paths, check_cancelled, refuse=refuse)


def _survey(path: Path, on_progress: OnProgress) -> Collection:
    from cxrtui.data.sources.collect import read_sources
    from cxrtui.settings.config import coerce

    return read_sources(coerce("data.source", str(path)), on_progress=on_progress)


def _inspect(text: str, data: DataConfig, on_progress: OnProgress) -> Report:
    from cxrtui.data.inspect.report import inspect
    from cxrtui.settings.config import coerce

    return inspect(coerce("data.source", text), data, on_progress)


@dataclass(frozen=True)
class OpenedFilm:
    """A film that was decoded to be looked at.

    `values` are its pixels at full size, uint8 ``[H, W]``; `kind` is its type by content with its depth and colours;
    `view` is of its tags; `notes` say how the pixels had to be read.
    """

    values: Any
    kind: str = ""
    view: str = ""
    notes: Sequence[str] = ()


def _open_film(path: Path) -> OpenedFilm:
    from cxrtui.data.images.decoding.films import decode, read_header
    from cxrtui.data.sources.foreign import kind_of
    from cxrtui.data.sources.layouts.bimcv import display_of
    from cxrtui.data.sources.tags import read_tags
    from cxrtui.errors import FilmError

    try:
        header = read_header(path)
    except FilmError as error:
        if kind := kind_of(path):
            raise FilmError(f"this is no image: it {kind}") from error
        raise
    view = read_tags(path).view if header.kind == "DICOM" else ""
    film = decode(path, display_of(path))
    kind = f"{header.kind} {header.bits} bit {header.colours}"
    return OpenedFilm(film.values, kind + (", named otherwise" if header.misnamed else ""), view, film.notes)


class Previewer(Protocol):
    """Makes the augmented films of one configuration."""

    def films(self, step: int, on_progress: OnProgress) -> Preview:
        """Return the films as a step of training sees them."""

    def close(self) -> None:
        """End, also while films are made."""


def _preview(config: Config) -> Previewer:
    from cxrtui.training.previewing import PreviewProcess

    return PreviewProcess(config)


def _machine() -> Machine | None:
    from cxrtui.training.speed import machine

    return machine()


def _check_weights(file: Path, config: Config) -> None:
    from cxrtui.process.compute.calls import check_weights

    check_weights(file, config)


class Fetch(Protocol):
    """`cxrtui.process.compute.calls.fetch`."""

    def __call__(
        self, name: str, models: Path, on_progress: Callable[[int, int], None], *, force: bool,
        check_cancelled: CheckCancelled,
    ) -> bool:  # fmt: skip
        """Put published weights on the shelf; return whether they are new there."""


def _fetch(
    name: str, models: Path, on_progress: Callable[[int, int], None], *, force: bool, check_cancelled: CheckCancelled
) -> bool:  # fmt: skip
    from cxrtui.process.compute.calls import fetch

    return fetch(name, models, on_progress, force=force, check_cancelled=check_cancelled)


class Port(Protocol):
    """`cxrtui.process.compute.calls.port`."""

    def __call__(
        self, file: Path, models: Path, name: str, options: dict[str, Any], *, force: bool,
        check_cancelled: CheckCancelled,
    ) -> tuple[str, str]:  # fmt: skip
        """Put a file of weights on the shelf; return what was taken of it, and its SHA-256."""


def _port(
    file: Path, models: Path, name: str, options: dict[str, Any], *, force: bool, check_cancelled: CheckCancelled
) -> tuple[str, str]:  # fmt: skip
    from cxrtui.process.compute.calls import port

    return port(file, models, name, options, force=force, check_cancelled=check_cancelled)


class HeatLayer(Protocol):
    """A heat map that covers a film, `cxrtui.evaluation.evidence.layer.Layer`."""

    @property
    def pixels(self) -> Any:
        """Red, green, blue and alpha, uint8 ``[h, w, 4]``."""

    @property
    def strongest(self) -> float:
        """Log odds of the area that speaks most for the positive class; 0 if none does."""

    @property
    def positive(self) -> str:
        """Label of the positive class."""


def _heat_layer(target: Run | Path, path: Path, film: tuple[int, int], method: str, stage: str) -> HeatLayer:
    from cxrtui.process.compute.calls import heat_layer

    return heat_layer(target, path, film, method, stage)


def _report(run: Run, target: Path) -> None:
    from cxrtui.process.compute.calls import report

    report(run, target)


def _export(run: Run, models: Path, name: str) -> None:
    from cxrtui.process.compute.calls import export

    export(run, models, name)


def _truths() -> Callable[..., Any]:
    from cxrtui.data.sources.truth import Truths

    return Truths().of


def _trained_on(target: Run | Path) -> TrainedOn:
    from cxrtui.evaluation.trained_on import trained_on

    return trained_on(target)


def _follow_study(study: Study) -> Follower:
    from cxrtui.search.follow import Follower

    return Follower(study)


def _start_worker(study: Study, share: Share) -> subprocess.Popen[bytes]:
    from cxrtui.process.worker import leave

    return leave(study, share)


def _begin_protocol(checkpoints: Path, name: str, plan: Plan) -> str:
    from cxrtui.process.protocol import begin

    return begin(checkpoints, name, plan)


class Drive(Protocol):
    """`cxrtui.process.parent.drive` as the dashboard calls it."""

    def __call__(
        self, run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool],
        on_event: Callable[[str, Event], None], fault: Callable[[], str], let_go: Callable[[], bool],
    ) -> int:  # fmt: skip
        """Train to the end of the run, and return the exit code; 0 if the run was let go."""


@dataclass(frozen=True)
class Backend:
    """The functions of the rooms below that the dashboard calls."""

    drive: Drive = _drive
    prepare_standby: Callable[[], None] = _prepare_standby
    """Starts a process that waits for the next run of `drive`, which then starts sooner."""
    dismiss_standby: Callable[[], None] = _dismiss_standby
    """Ends the process that waits, if no run has it."""
    detach: Callable[[Run, Config], None] = _detach
    """Starts a run in a process of its own that outlives the dashboard; raises CxrtuiError if that fails."""
    check_weights: Callable[[Path, Config], None] = _check_weights
    """Raises WeightsError if a run cannot begin with the weights in the file."""
    start_config: Callable[[Run], Config] = _start_config
    fetch_weights: Fetch = _fetch
    port_weights: Port = _port
    classify: Classify = _classify
    report: Callable[[Run, Path], None] = _report
    """Writes the page on a run to a file; raises CxrtuiError if that fails."""
    export: Callable[[Run, Path, str], None] = _export
    """Puts a run's best weights on the shelf as a classifier of this name; raises CxrtuiError if that fails."""
    survey: Callable[[Path, OnProgress], Collection] = _survey
    inspect: Callable[[str, DataConfig, OnProgress], Report] = _inspect
    truths: Callable[[], Callable[..., Any]] = _truths
    """Returns `cxrtui.data.sources.truth.Truths.of` of a new `Truths`."""
    trained_on: Callable[[Run | Path], TrainedOn] = _trained_on
    open_film: Callable[[Path], OpenedFilm] = _open_film
    """Raises FilmError if the file cannot be shown as a film; the message says what it is instead."""
    preview: Callable[[Config], Previewer] = _preview
    machine: Callable[[], Machine | None] = _machine
    """Returns the device that a run would use; it may take seconds."""
    heat_layer: Callable[[Run | Path, Path, tuple[int, int], str, str], HeatLayer] = _heat_layer
    """By a model, of a film of this height and width, by method and stage; raises CxrtuiError if there is none."""
    follow_study: Callable[[Study], Follower] = _follow_study
    """Imports Optuna, so only a thread may call it."""
    start_worker: Callable[[Study, Share], subprocess.Popen[bytes]] = _start_worker
    """Starts a worker of a study that outlives the dashboard; raises CxrtuiError if the system cannot.

    It has its share of this machine's GPUs."""
    begin_protocol: Callable[[Path, str, Plan], str] = _begin_protocol
    """Starts a process that works on a protocol and outlives the dashboard; returns its name, or raises CxrtuiError."""
