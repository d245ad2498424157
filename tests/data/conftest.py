"""Small folders of films, made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cxrtui.runs.events import Event, Warned
from cxrtui.settings.config import Config, resolve


def picture(seed: int, width: int = 40, height: int = 48) -> Image.Image:
    """A grey picture of noise that no other seed gives."""
    grey = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    return Image.fromarray(grey)


def drain(stage: Generator[Event, None, Any]) -> tuple[list[Event], Any]:
    """All events of a generator, and what it returns."""
    said = []
    while True:
        try:
            said.append(next(stage))
        except StopIteration as stop:
            return said, stop.value


def warned(said: list[Event]) -> list[Warned]:
    """The warnings but the one that pictures of noise are no frontal chest films."""
    return [event for event in said if isinstance(event, Warned) and event.code != "not-frontal"]


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    """COVID-19 (24 films, NIH names of 12 patients) and Normal (36 films of as many patients)."""
    root = tmp_path / "films"
    for number in range(24):
        save(root / "COVID-19" / f"{number // 2:08d}_{number % 2:03d}.png", number)
    for number in range(36):
        save(root / "Normal" / f"{number + 100:08d}_000.png", number + 100)
    return root


def save(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(seed).save(path)
    return path


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    """A configuration for films of 32 pixels, with a cache of its own."""
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "cache"))

    def make(source: Path, **values: Any) -> Config:
        return resolve(
            {"data.source": str(source), "data.size": 32}, {k.replace("__", "."): v for k, v in values.items()}
        )

    return make
