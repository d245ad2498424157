"""The films that are shown before a run starts are those that a step of it would see."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from cxrtui.data.augment import Strengths, augment, resample
from cxrtui.data.pool import no_progress
from cxrtui.errors import Cancelled, DataError
from cxrtui.settings.config import Config
from cxrtui.training.preview import COUNT, augmented, changed
from cxrtui.training.previewing import PreviewProcess

OFF = {f"augment.{name}": 0 for name in ("rotation", "flip", "brightness", "contrast", "scale", "translation")}
STORED = np.random.default_rng(0).integers(0, 256, (COUNT, 40, 40), np.uint8)


def test_the_augmentation_is_that_of_the_step(small: Callable[..., Config]) -> None:
    config = small(run__seed=3)
    key = jax.random.split(jax.random.fold_in(jax.random.key(3), np.int32(5)))[0]  # as in `train_step`
    expected = augment(STORED, key, Strengths.of(config.augment), 32)
    assert np.array_equal(changed(STORED, config, 5), np.round(np.asarray(expected)[..., 0] * 255).astype(np.uint8))
    assert not np.array_equal(changed(STORED, config, 6), changed(STORED, config, 5))


def test_without_augmentation_it_is_what_validation_sees(small: Callable[..., Config]) -> None:
    expected = np.round(np.asarray(resample(STORED, 32))[..., 0] * 255).astype(np.uint8)
    assert np.array_equal(changed(STORED, small(**OFF), 5), expected)


@pytest.mark.slow
def test_films_are_drawn_decoded_and_named(small: Callable[..., Config]) -> None:
    config = small()
    first, again, other = (augmented(config, step) for step in (0, 0, 1))
    assert first.images.shape == (COUNT, 32, 32)
    assert len(first.names) == len(first.labels) == COUNT
    assert np.array_equal(first.images, again.images)
    assert first.names == again.names
    assert set(first.names).isdisjoint(other.names)


def test_it_can_be_cancelled_and_says_what_is_wrong(small: Callable[..., Config], tmp_path: Path) -> None:
    def cancelled(phase: str, done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        augmented(small(), 0, cancelled)
    with pytest.raises(DataError):
        augmented(small(**{"data.source": str(tmp_path / "nowhere")}), 0)


@pytest.mark.slow
def test_a_process_of_its_own_makes_the_same_films(small: Callable[..., Config], tmp_path: Path) -> None:
    progress: list[str] = []
    process = PreviewProcess(small())
    try:
        found = process.films(1, lambda phase, done, total: progress.append(phase))
        expected = augmented(small(), 1)
        assert np.array_equal(found.images, expected.images)
        assert (found.names, found.labels) == (expected.names, expected.labels)
        assert "decoding films" in progress

        def given_up(phase: str, done: int, total: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            process.films(2, given_up)
        assert process.films(0, no_progress).names == augmented(small(), 0).names
    finally:
        process.close()
    with pytest.raises(Cancelled):
        process.films(0, no_progress)
    nothing = PreviewProcess(small(**{"data.source": str(tmp_path / "nowhere")}))
    with pytest.raises(DataError, match="nowhere"):
        nothing.films(0, no_progress)
    nothing.close()


def test_closing_ends_a_process_that_works(small: Callable[..., Config]) -> None:
    process = PreviewProcess(small())
    threading.Timer(0.3, process.close).start()
    with pytest.raises(Cancelled):
        process.films(0, no_progress)


def test_the_screen_needs_no_jax_for_it() -> None:
    code = "import sys, cxrtui.training.previewing; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
