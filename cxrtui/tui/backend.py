"""The functions of the rooms below that the dashboard calls; a worker thread imports each at its first call.

JAX takes seconds to import, and the dashboard is on the screen long before. Tests pass in their own `Backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cxrtui.runs.events import Event
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, DataConfig

if TYPE_CHECKING:
    from cxrtui.data.films import Collection
    from cxrtui.data.inspect.report import Report
    from cxrtui.data.pool import OnProgress


class Classified(Protocol):
    """One classified file, as `cxrtui.evaluation.classify` yields it."""

    @property
    def file(self) -> str:
        """The path as it was given."""

    @property
    def ok(self) -> bool:
        """Whether the file could be read."""

    @property
    def label(self) -> str:
        """The predicted class."""

    @property
    def probabilities(self) -> dict[str, float]:
        """Probability of each class."""

    @property
    def threshold(self) -> float:
        """Probability of the positive class from which a film is predicted positive."""

    @property
    def error(self) -> str:
        """Why the file could not be read."""

    @property
    def notes(self) -> Sequence[str]:
        """Remarks on how its pixels were read."""


class Classifier(Protocol):
    """A trained network that is ready to classify."""

    def classify(self, paths: Sequence[Path]) -> Iterator[Classified]:
        """Yield one row for each path, in order."""


def _drive(
    run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool],
    on_event: Callable[[str, Event], None], fault: Callable[[], str],
) -> int:  # fmt: skip
    from cxrtui.runner import drive

    return drive(run, config, resume=resume, should_stop=should_stop, on_event=on_event, fault=fault)


def _start_config(run: Run) -> Config:
    from cxrtui.runner import start_config

    return start_config(run)


def _load(target: Run | Path) -> Classifier:
    from cxrtui.evaluation.classify import load

    return load(target)


def _survey(path: Path) -> Collection:
    from cxrtui.data.sources.collect import read_sources
    from cxrtui.settings.config import coerce

    return read_sources(coerce("data.source", str(path)))


def _inspect(text: str, data: DataConfig, on_progress: OnProgress) -> Report:
    from cxrtui.data.inspect.report import inspect
    from cxrtui.settings.config import coerce

    return inspect(coerce("data.source", text), data, on_progress)


def _decode(path: Path) -> Any:
    from cxrtui.data.images.decoding.films import decode
    from cxrtui.data.sources.layouts.bimcv import display_of

    return decode(path, display_of(path)).values


def _check_weights(file: Path, config: Config) -> None:
    from cxrtui.net.build import spec_of
    from cxrtui.weights.backbone import taken_of

    taken_of(file, spec_of(config))


class Drive(Protocol):
    """`cxrtui.runner.drive` as the dashboard calls it."""

    def __call__(
        self, run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool],
        on_event: Callable[[str, Event], None], fault: Callable[[], str],
    ) -> int:  # fmt: skip
        """Train to the end of the run, and return the exit code."""


@dataclass(frozen=True)
class Backend:
    """The functions of the rooms below that the dashboard calls."""

    drive: Drive = _drive
    check_weights: Callable[[Path, Config], None] = _check_weights
    """Raises WeightsError if a run cannot begin with the weights in the file."""
    start_config: Callable[[Run], Config] = _start_config
    load: Callable[[Run | Path], Classifier] = _load
    survey: Callable[[Path], Collection] = _survey
    inspect: Callable[[str, DataConfig, OnProgress], Report] = _inspect
    decode: Callable[[Path], Any] = _decode
