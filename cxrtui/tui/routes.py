"""Routes are the requests of a screen to the application. No screen imports another; it posts a `Go` with a route.

An opened screen returns its result to the application through `dismiss`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.runs.folder import Run
from cxrtui.search.study import Study
from cxrtui.settings.config import Config, DataConfig


@dataclass(frozen=True)
class OpenMonitor:
    """Watch `run`; `pending` is a command that it has not answered yet."""

    run: Run
    pending: str = ""


@dataclass(frozen=True)
class OpenLaunch:
    """Set up a new run; `texts` are the first texts of the form's fields, by key."""

    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenClassify:
    """Classify films; `run` is the model that is chosen at first. By default it begins in the last folder."""

    run: Run | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class OpenData:
    """Look at films. `data` has the settings that a training would use, by default the workspace's."""

    source: str = ""
    data: DataConfig | None = None


@dataclass(frozen=True)
class OpenWeights:
    """Look at the shelf with the cursor at `name`; for a file `to_port`, ask at once how to port it."""

    name: str = ""
    to_port: str = ""


@dataclass(frozen=True)
class StartRun:
    """Train with `config` and watch it: a new run of this `name`, or `run`, which was made already.

    The dashboard owns the run and stops it when it ends; a `detached` run is new and goes on without the dashboard.
    """

    config: Config
    name: str = ""
    run: Run | None = None
    detached: bool = False


@dataclass(frozen=True)
class ResumeRun:
    """Resume `run` from its checkpoint, in this process; without `config`, use the run's own."""

    run: Run
    config: Config | None = None


@dataclass(frozen=True)
class OpenEvaluate:
    """Look at the evaluations of `run`."""

    run: Run


@dataclass(frozen=True)
class OpenCompare:
    """Compare two to eight runs."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class OpenTune:
    """Look at a `study` and start so many `workers` of it; without a study, look at all of the workspace."""

    study: Study | None = None
    workers: int = 0


@dataclass(frozen=True)
class OpenProtocol:
    """Look at the protocol in `folder`; without one, look at all of the workspace."""

    folder: ProtocolFolder | None = None


@dataclass(frozen=True)
class OpenSearch:
    """Set up a study whose trials share `config`."""

    config: Config


Route = (
    OpenMonitor | OpenLaunch | OpenClassify | OpenData | OpenWeights | OpenEvaluate | OpenCompare | OpenTune
    | OpenProtocol | OpenSearch | StartRun | ResumeRun
)  # fmt: skip


class Go(Message):
    """A screen asks for `route`."""

    def __init__(self, route: Route) -> None:
        super().__init__()
        self.route = route
