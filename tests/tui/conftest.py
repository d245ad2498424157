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

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import Report
from cxrtui.data.inspect.section import Section
from cxrtui.errors import DataError, FilmError, WeightsError
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, DataConfig
from cxrtui.tui.app import Dashboard
from cxrtui.tui.backend import Backend
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
    error: str = ""


class FakeClassifier:
    def classify(self, paths: Sequence[Path]) -> Iterator[Answer]:
        for path in paths:
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
        self.hold = threading.Event()
        """While it is clear, a stop is not obeyed, as in a long compile."""
        self.hold.set()

    def __call__(
        self, run: Run, config: Config, *, resume: bool, should_stop: Callable[[], bool], on_event: object,
        fault: Callable[[], str],
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
                time.sleep(0.01)
            run.append(ev.CheckpointSaved(step=24, epoch=1, best=True, reason="requested"))
            run.append(ev.Stopped(reason="requested", step=24, epoch=1))
        finally:
            lock.release()
        return 5


def decode(path: Path) -> Any:
    if "torn" in path.name:
        raise FilmError("the file ends after 12 bytes")
    return np.linspace(0, 255, 64 * 48, dtype=np.uint8).reshape(64, 48)


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
        raise WeightsError(f"{file} is a network for one channel; cxrtui weights port {file} --out NAME --range RANGE")


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
        check_weights=checked,
        start_config=lambda run: Config(),
        load=lambda target: FakeClassifier(),
        survey=lambda path: Collection(
            films=(), root=path, layout="class-folders", found={"COVID-19": 124, "No_findings": 500}
        ),
        inspect=inspected,
        decode=decode,
    )


@pytest.fixture
def dashboard(workspace: Workspace, backend: Backend) -> Dashboard:
    return Dashboard(workspace, backend)
