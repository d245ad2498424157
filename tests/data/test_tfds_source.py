"""The arrays of the prepared store, in one data set of tfds and in several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.array_source import Record
from cxrtui.data.films import Film
from cxrtui.data.tfds_source import open_arrays, write_arrays

SIZE, NAMES = 8, ("Normal", "COVID-19")


def image(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (SIZE, SIZE), np.uint8)


def records(rows: range) -> Iterator[Record]:
    for number in rows:
        yield Record(image(number), Film(root=Path(), name=f"{number}.png", label="Normal"), 0)


@pytest.mark.parametrize(("count", "shard"), [(5, 5), (20, 7), (21, 7), (12, 1)])
def test_images_are_read_by_number_whatever_data_set_holds_them(tmp_path: Path, count: int, shard: int) -> None:
    for number, start in enumerate(range(0, count, shard)):
        (folder := tmp_path / f"{number}").mkdir()  # the names of ten and two are in another order than the numbers
        write_arrays(folder, records(range(start, min(start + shard, count))), size=SIZE, names=NAMES)
    source = open_arrays(tmp_path, size=SIZE, count=count)
    assert source is not None
    assert len(source) == count
    places = [*reversed(range(count)), 0, count - 1]
    np.testing.assert_array_equal(source.read(places), [image(place) for place in places])
    assert source.read([]).shape == (0, SIZE, SIZE)


def test_another_number_of_films_and_an_empty_folder_are_no_source(tmp_path: Path) -> None:
    write_arrays(tmp_path, records(range(5)), size=SIZE, names=NAMES)
    assert open_arrays(tmp_path, size=SIZE, count=6) is None
    assert open_arrays(tmp_path / "none", size=SIZE, count=5) is None
