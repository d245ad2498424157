"""Small films lie in a file without a name, and blurring them meets no numbers that slow a processor down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.duplicates.normalise import gaussian
from cxrtui.data.duplicates.small import FINE_SIZE, SIZE, small, unpacked
from cxrtui.errors import DataError


@pytest.fixture
def held() -> np.ndarray:
    """Thumbnails, of which the second has a border."""
    films = np.random.default_rng(0).integers(60, 200, (3, 128, 128), np.uint8)
    films[1, :20] = 0
    return films


def test_frames_are_read_from_the_file_by_film_and_border(
    held: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    told = list[tuple[str, int, int]]()
    with ThreadPoolExecutor(1) as pool, small(lambda at: held[at], 3, lambda *said: told.append(said), pool) as films:
        assert films.owners.tolist() == [0, 1, 1, 2]
        assert films.trimmed.tolist() == [False, False, True, False]
        images, owners, _ = films.described(slice(1, 3))
        assert owners.tolist() == [1, 1, 2]
        rows = films.read(np.asarray([2, 1]), np.asarray([False, True]))
        np.testing.assert_array_equal(rows, films.rows[[3, 2]])
        assert images.shape[1:] == unpacked(rows, SIZE)[0].shape[1:] == (SIZE, SIZE)
        assert unpacked(rows, FINE_SIZE)[1].shape == (2, FINE_SIZE, FINE_SIZE)
    assert told[-1] == ("evening out contrast", 3, 3)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_disk_that_refuses_the_file_is_named(
    held: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prepared").write_text("no folder")
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(DataError, match="Cannot write small films to"),
        small(lambda at: held[at], 3, lambda *said: None, pool),
    ):
        pass


@pytest.mark.parametrize("sigma", [2.0, 8.0])
def test_no_weight_of_a_blur_is_subnormal(sigma: float) -> None:
    weights = gaussian(128, sigma)
    assert weights[weights > 0].min() > np.finfo(np.float32).tiny
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
