"""What every test stands on: strict JAX, a shared compilation cache, small films and small networks."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from cxrtui.runs import listing
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.settings.config import Config
from tests.made_once import made_once

if TYPE_CHECKING:
    from cxrtui.net.classifier import ClassifierSpec

gc.disable()  # until all tests are collected: `pytest_collection_finish`

# Property tests take the same inputs each time, and none is timed: this machine may be busy.
hypothesis_settings.register_profile(
    "cxrtui", derandomize=True, deadline=None, database=None, max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
hypothesis_settings.load_profile("cxrtui")

# A narrow, shallow network on films of 32 pixels: seconds to train.
SMALL: dict[str, Any] = {
    "data.size": 32, "model.init": "random", "model.width": 4, "model.stages": (1, 1, 1, 1), "model.hidden": (8,),
    "optim.epochs": 3, "optim.batch_size": 8, "optim.learning_rate": 1e-3, "data.duplicates": "identical",
}  # fmt: skip

# Before anything imports JAX, which reads them once: nothing above may import it, and test_environment.py looks.
# Compiled programs are kept between test runs; prepared films are not.
_COMPILED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cxrtui" / "xla-tests"
_COMPILED.mkdir(parents=True, exist_ok=True)
os.environ["HF_HUB_OFFLINE"] = "1"  # no test reaches the hub; those that have one on loopback take this away
os.environ.pop("CXRTUI_CATALOGUE", None)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(_COMPILED)
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
# LLVM's costly passes are left out: a network of tests runs for less time than they take. XLA's own passes all run.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
# Code for fusions comes from LLVM alone, without MLIR before it: a step of training compiles in half the time. A jaxlib
# of 0.11 or later has no such choice, and ends at once if it is asked for it.
if tuple(map(int, version("jaxlib").split(".")[:2])) < (0, 11):
    os.environ["XLA_FLAGS"] = "--xla_cpu_use_fusion_emitters=false " + os.environ.get("XLA_FLAGS", "")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument; a packed file holds the time, and all workers must collect the same names."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None


def pytest_collection_finish() -> None:
    """Let Python's collector walk seldom over what stays: modules, tests, programs. It was a third of the CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 10)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """Prepared films and choices in the dashboard live and die with the session."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CXRTUI_CACHE_DIR"] = folder
        os.environ["XDG_STATE_HOME"] = str(Path(folder) / "state")
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_processes() -> Iterator[None]:
    """The processes that decode are not started anew for each test."""
    from cxrtui.data.confounders import measuring
    from cxrtui.data.images.decoding import films

    with films.kept(), measuring.processes.kept():
        yield


@pytest.fixture(scope="session")
def real_films() -> Path:
    """The folder of real X-rays, which only developers have."""
    folder = Path(os.environ.get("CXRTUI_REAL_FILMS") or Path(__file__).parents[2] / "shared" / "cxr")
    if not folder.is_dir():
        pytest.skip("no real films here")
    return folder


@pytest.fixture(scope="session")
def phantom_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty synthetic films in two classes, 96 pixels a side."""
    from cxrtui.data.phantoms import generate

    def make(folder: Path) -> None:
        generate(folder / "films", count=60, seed=0, size=96)

    return made_once(tmp_path_factory, "phantoms", make) / "films"


def few_of(films: Path, folder: Path) -> Path:
    """Eight of the films, for what takes each beside each other one."""
    for name in ("positive", "negative"):
        (folder / "few" / name).mkdir(parents=True)
        for path in sorted((films / name).glob("*.png"))[:4]:
            (folder / "few" / name / path.name).symlink_to(path)
    return folder / "few"


@pytest.fixture
def small(phantom_films: Path) -> Callable[..., Config]:
    """The configuration of a small run, with changes."""

    def make(**changes: Any) -> Config:
        values = {key.replace("__", "."): value for key, value in changes.items()}
        return config.resolve(SMALL, {"data.source": str(phantom_films)}, values)

    return make


@pytest.fixture
def new_run(tmp_path: Path) -> Callable[..., Run]:
    """A run folder of its own."""

    def make(name: str = "run") -> Run:
        return listing.new_run(tmp_path / "checkpoints", name)

    return make


@pytest.fixture
def tiny() -> ClassifierSpec:
    """A network small enough for a test: four stages of one block each, eight features wide."""
    from cxrtui.net.classifier import ClassifierSpec

    return ClassifierSpec(width=8, stage_sizes=(1, 1, 1, 1), hidden=(16,))
