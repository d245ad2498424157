"""A workspace, and what stands in for the rooms below."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Section
from cxrtui.errors import CheckCancelled, DataError, FilmError, WeightsError
from cxrtui.files import write_atomic
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, DataConfig
from cxrtui.training.speed import Machine
from cxrtui.tui import memory
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend, OpenedFilm
from cxrtui.weights import input_range, shelving
from cxrtui.workspace import Workspace
from tests.tui import logs


@dataclass
class Answer:
    file: str
    ok: bool
    label: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()
    threshold: float = 0.5
    calibrated: bool = False
    error: str = ""
    refused: bool = False


def classify(
    target: Run | Path, paths: Sequence[Path], check_cancelled: CheckCancelled, *, refuse: bool = True
) -> Iterator[Answer]:  # fmt: skip
    for path in paths:
        check_cancelled()
        if refuse and "slice" in path.name:
            why = "no frontal chest film: it looks like a CT slice"
            yield Answer(str(path), False, error=why, refused=True)
            continue
        if "torn" in path.name:
            yield Answer(str(path), False, error="the file ends after 12 bytes")
        else:
            value = 0.9 if "covid" in path.name else 0.2
            label = "COVID-19" if value >= 0.5 else "No_findings"
            yield Answer(str(path), True, label, {"No_findings": 1 - value, "COVID-19": value})


class FakeDrive:
    """Writes a log as `runner.drive` would; goes on until it is told to stop, unless it has nothing more to say."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Config, bool]] = []
        self.left: list[str] = []
        """Runs that were left to themselves."""
        self.hold = threading.Event()
        """While it is clear, a stop is not obeyed, as in a long compile."""
        self.hold.set()

    def __call__(
        self, run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool], on_event: object,
        fault: Callable[[], str], let_go: Callable[[], bool],
    ) -> int:  # fmt: skip
        self.fault = fault
        self.calls.append((run.name, config, resume))
        lock = run.acquire()
        try:
            run.config_file.touch()
            seen = run.read_command()
            if resume:
                run.append(ev.Resumed(step=24, epoch=1, restored=True))
            for event in [] if resume else logs.trained(1, run=run.name):
                run.append(event)
            while not (self.hold.is_set() and (should_stop() or (run.read_command() not in (seen, None)))):
                if let_go():
                    self.left.append(run.name)
                    return 0
                time.sleep(0.01)
            run.append(ev.CheckpointSaved(step=24, epoch=1, best=True, reason="requested"))
            run.append(ev.Stopped(reason="requested", step=24, epoch=1))
        finally:
            lock.release()
        return 5


def open_film(path: Path) -> OpenedFilm:
    if "torn" in path.name:
        raise FilmError("the file ends after 12 bytes")
    return OpenedFilm(np.linspace(0, 255, 64 * 48, dtype=np.uint8).reshape(64, 48), "PNG 8 bit grey")


@dataclass
class Layer:
    pixels: np.ndarray
    strongest: float
    positive: str = "COVID-19"


def heat_layer(target: object, path: Path, film: tuple[int, int], method: str, stage: str) -> Layer:
    """Yellow all over by Grad-CAM, green by HiResCAM; without evidence on a film without COVID-19."""
    if "torn" in path.name:
        raise FilmError("the file ends after 12 bytes")
    alpha = 255 if "covid" in path.name else 0
    colour = (255, 255, 0, alpha) if method == "gradcam" else (0, 255, 0, alpha)
    return Layer(np.full((4, 3, 4), colour, np.uint8), 1.25 if alpha else 0.0)


def inspected(text: str, data: DataConfig, tell: Callable[[str, int, int], None]) -> Report:
    tell("reading headers", 640, 1124)
    if "torn" in text:
        raise DataError("No films found at torn.")
    counts = {"No_findings": 500, "Pneumonia": 500, "COVID-19": 124}
    sections = (
        Section("classes", "findings", counts),
        Section("rule", "counted as", {"COVID-19": 124, "No_findings": 500}, ["as set"]),
        Section("unreadable", "unreadable", {"the file is empty": 1}, [], [("films/[b]x.png", "the file is empty")]),
    )
    return Report(text, "class-folders", 1124, None, sections, ("COVID-19",), ("No_findings",))


def checked(file: Path, config: Config) -> None:
    if "grey" in file.name:
        raise WeightsError(input_range.asked(file))


def fetched(name: str, models: Path, on_progress: Callable[[int, int], None], **rest: Any) -> bool:
    """The real fetch, but in this process."""
    return shelving.fetch(name, models, on_progress, **rest)[2]


def ported(file: Path, models: Path, name: str, options: dict[str, Any], **rest: Any) -> tuple[str, str]:
    """The real port, but in this process."""
    from cxrtui.weights.port import PortOptions

    manifest = shelving.port(file, models, name, PortOptions(**options), **rest)[1]
    return manifest.taken, manifest.source_sha256


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Hundreds of dashboards have the same stylesheets: Textual parses each once here, and not once in each dashboard.

    It keeps what it has parsed itself, but with the application. Rules are not changed once they are parsed. For each
    widget Textual looks up the hash of all 500 rules, which a function in Python gives, from the identity; that which
    an object has from the start does as well, and is a function in C.
    """
    parse: Callable[..., Any] = Stylesheet._parse_rules
    kept: dict[object, Any] = {}

    def parse_rules(sheet: Any, *arguments: Any, **named: Any) -> Any:
        key = tuple(sheet._variables.items()), arguments, tuple(named.items())
        if key not in kept:
            kept[key] = parse(sheet, *arguments, **named)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_rules)
        patch.setattr(RuleSet, "__hash__", object.__hash__)
        yield


@pytest.fixture(autouse=True)
def _no_memory() -> None:
    """No test sees what another one has chosen; nothing is written."""
    memory.open_at(None)


@pytest.fixture(autouse=True)
def _long_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may draw a screen later than the five seconds that a notice stays."""
    monkeypatch.setattr(Dashboard, "NOTIFICATION_TIMEOUT", 60.0)


MACHINE = Machine("cpu", "cpu, 2 cores", 1e11, 8 << 30)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def drive() -> FakeDrive:
    return FakeDrive()


@pytest.fixture
def backend(drive: FakeDrive) -> Backend:
    return Backend(
        drive=drive,
        prepare_standby=lambda: None,
        check_weights=checked,
        start_config=lambda run: Config(),
        classify=classify,
        fetch_weights=fetched,
        port_weights=ported,
        report=lambda run, target: write_atomic(target, run.name),
        export=lambda run, models, name: (models / name).mkdir(parents=True),
        survey=lambda path, on_progress: Collection(
            films=(), root=path, layout="class-folders", found={"COVID-19": 124, "No_findings": 500}
        ),
        inspect=inspected,
        machine=lambda: MACHINE,
        open_film=open_film,
        heat_layer=heat_layer,
    )


@pytest.fixture
def dashboard(workspace: Workspace, backend: Backend) -> Dashboard:
    return Dashboard(workspace, backend)
