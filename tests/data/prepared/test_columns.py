"""A column of the table that came with the films is known for each film, also where the layout is a published one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.prepared.columns import cells
from cxrtui.data.sources.collect import read_source
from cxrtui.errors import DataError
from tests.data.sources.layouts.test_published import hannover, ieee8023


def test_a_column_of_a_published_table_is_by_the_paths_of_the_films(tmp_path: Path) -> None:
    ieee8023(tmp_path / "one")
    hannover(tmp_path / "other")
    sources = [str(tmp_path / "one"), f"hannover:{tmp_path / 'other'}"]
    films = {film.name: str(film.path) for source in sources for film in read_source(source).films}
    found = cells("Folder", sources)
    assert {name: found.get(path, "") for name, path in films.items()} == {
        "images/a.jpg": "images", "images/b.png": "images", "images/side.jpg": "images", "png/fff1.png": "",
    }  # fmt: skip
    assert cells("admission offset", sources)[films["png/fff1.png"]] == "-3"
    with pytest.raises(DataError, match=r"no column scanner; there are source, view, sex, age, size, Patientid.* proj"):
        cells("scanner", sources)


def test_films_without_a_table_have_the_columns_that_every_film_has(tmp_path: Path) -> None:
    hannover(tmp_path)  # its folder of images alone is one of class folders
    with pytest.raises(DataError, match="no column scanner; there are source, view, sex, age, size\\."):
        cells("scanner", [f"class-folders:{tmp_path}"])
