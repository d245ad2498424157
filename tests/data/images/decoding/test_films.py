"""The door gives what decoding in one process gives, and a real decoder's death is one film's reason."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGLosslessSV1

from cxrtui.data.films import Display
from cxrtui.data.images.decode import decode_with_notes, read_film_with_notes
from cxrtui.data.images.decoding import films
from cxrtui.data.images.dicom.header import read_header as dicom_header
from cxrtui.data.images.headers import read_header
from cxrtui.data.inspect.report import inspect
from cxrtui.data.prepared.prepare import prepare
from cxrtui.errors import FilmError
from cxrtui.runs.events import Warned
from cxrtui.settings.config import Config
from tests.data.conftest import drain, picture, save
from tests.data.images.dicom.test_dicom import compressed, film, lossless_jpeg, values_of, written

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
CRASHED = "its decoder crashed (signal 6)"


def crashing(path: Path) -> Path:
    """A lossless JPEG in DICOM whose frame header says 2 bits: gdcm, which alone decodes it, aborts."""
    stream = bytearray(lossless_jpeg(values_of(8, False, 1), 8))
    stream[stream.index(b"\xff\xc3") + 4] = 2
    return written(compressed(film(values_of(8, False, 1), 8), JPEGLosslessSV1, bytes(stream)), path)


def outside(path: Path) -> Path:
    """A film of which its window shows nothing, so that there is something to remark."""
    return written(film(values_of(12, False, 2), 12, WindowCenter=90_000, WindowWidth=100), path)


@pytest.fixture(params=["png", "deep.png", "big.jpg", "tif", "webp", "bmp", "dcm", "noted.dcm"])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind, path = request.param, tmp_path / f"film.{request.param}"
    if kind == "deep.png":
        Image.fromarray(values_of(12, False, 3).astype(np.uint16)).save(path)
    elif kind == "dcm":
        written(film(values_of(12, False, 0), 12), path)
    elif kind == "noted.dcm":
        outside(path)
    else:
        picture(3, *((900, 800) if kind == "big.jpg" else (40, 48))).save(path)
    return path


@pytest.mark.parametrize("display", [None, Display((700.0, 1200.5), inverted=True)])
def test_the_same_bits_notes_and_header(one: Path, display: Display | None) -> None:
    for apart, here in (
        (films.decode(one, display), decode_with_notes(one, display)),
        (films.read_film(one, 32, "crop", display), read_film_with_notes(one, 32, "crop", display)),
    ):
        assert apart.values.dtype == here.values.dtype == np.uint8
        np.testing.assert_array_equal(apart.values, here.values)
        assert apart.notes == here.notes
    assert films.read_header(one) == read_header(one)
    seen = films.look(one, 32, "crop", display)
    assert (seen.header, seen.notes) == (read_header(one), here.notes)
    if one.suffix == ".dcm":
        assert films.read_tags(one, salt=b"s", raw=False) == dicom_header(one, salt=b"s")
        assert films.read_tags(one, salt=b"s", raw=True) == dicom_header(one, raw=True)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"\0" * 128 + b"DICM" + b"\1" * 40])
def test_the_same_reasons(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(content)
    for apart, here in ((films.decode, decode_with_notes), (films.read_header, read_header)):
        with pytest.raises(FilmError) as caught:
            here(path)  # type: ignore[operator]
        with pytest.raises(FilmError) as other:
            apart(path)  # type: ignore[operator]
        assert str(other.value) == str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    for number in range(24):
        save(root / ("COVID-19", "Normal")[number % 2] / f"{number}.png", number)
    outside(root / "Normal" / "outside.dcm")
    crashing(root / "Normal" / "crashing.dcm")
    Image.new("L", (40, 40), 7).save(root / "Normal" / "blank.png")
    return root


def test_a_training_names_the_film_that_its_decoder_died_of(folder: Path, configure: Callable[..., Config]) -> None:
    config = configure(folder, data__max_bad=0.2)
    for cached in (False, True):  # as for a run, and for its resumption
        said, prepared = drain(prepare(config))
        assert said[-1].cached is cached
        reasons = {Path(path).name: reason for path, reason in said[-1].unreadable}
        assert reasons == {"crashing.dcm": CRASHED, "blank.png": "it is uniform: one grey all over, and no film"}
        assert sum(len(split) for split in prepared.splits.values()) == 25
        (noted,) = (event for event in said if isinstance(event, Warned) and event.code == "film-notes")
        assert "Of 1 film: its window (center 90000, width 100)" in noted.message
        assert "(Normal/outside.dcm)" in noted.message


def test_a_store_with_unreadable_films_is_built_anew_for_other_decoders(
    folder: Path, configure: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure(folder, data__max_bad=0.2)
    drain(prepare(config))
    monkeypatch.setattr("cxrtui.data.store.decoders", lambda: ("another 1.0",))
    monkeypatch.setattr("cxrtui.data.building.decoders", lambda: ("another 1.0",))
    said, _ = drain(prepare(config))
    assert not said[-1].cached


def test_a_report_finds_what_a_training_would(folder: Path, configure: Callable[..., Config]) -> None:
    data = configure(folder).data
    report = inspect(folder, data)
    reasons = {Path(path).name: reason for path, reason in report.section("unreadable").files}
    assert reasons == {"crashing.dcm": CRASHED, "blank.png": "it is uniform: one grey all over, and no film"}
    (noted,) = report.section("remarks").files
    assert noted[0].endswith("outside.dcm")
    assert list(report.section("remarks").counts.values()) == [1]
    quick = inspect(folder, data, headers_only=True)
    assert quick.section("unreadable").files == []
    assert "by their headers alone" in quick.section("unreadable").notes[0]


def test_a_second_look_is_remembered_while_the_file_is_the_same(
    folder: Path, configure: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxrtui.data.prepared.fingerprint._SETTLED", -1.0)
    (folder / "Normal" / "crashing.dcm").rename(folder / "crashing")
    data, cache = configure(folder).data, Path(os.environ["CXRTUI_CACHE_DIR"])
    first = inspect(folder, data).as_dict()
    (kept,) = (cache / "prepared" / "looks").iterdir()
    blank, noted = str(folder / "Normal" / "blank.png"), str(folder / "Normal" / "outside.dcm")
    with contextlib.closing(sqlite3.connect(kept)) as opened, opened:
        body = {path: json.loads(value) for path, value in opened.execute("SELECT path, value FROM kept")}
        assert len(body) == 26
        body[blank][-1] = "it is as remembered"
        body[noted][-1]["notes"] = ["as remembered too"]
        opened.executemany(
            "UPDATE kept SET value = ? WHERE path = ?", [(json.dumps(body[path]), path) for path in (blank, noted)]
        )
    again = inspect(folder, data)
    assert dict(again.section("unreadable").files)[blank] == "it is as remembered"
    assert dict(again.section("remarks").files)[noted] == "as remembered too"
    shutil.copy(folder / "Normal" / "1.png", blank)  # another content: looked at anew
    assert blank not in dict(inspect(folder, data).section("unreadable").files)
    kept.write_text("{torn")
    assert inspect(folder, data).as_dict()["sections"]["unreadable"] != first["sections"]["unreadable"]


ALONE = """
import sys
from cxrtui.settings.config import resolve
from cxrtui.data.inspect.report import inspect
from cxrtui.data.prepared.prepare import prepare
config = resolve({"data.source": sys.argv[1], "data.size": 32, "data.max_bad": 0.2})
inspect(sys.argv[1], config.data)
*_, last = prepare(config)
print(len(last.unreadable), [name for name in ("pydicom", "gdcm", "openjpeg") if name in sys.modules])
"""


def test_no_decoder_of_dicom_is_loaded_where_the_application_runs(folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "CXRTUI_CACHE_DIR": str(tmp_path / "own"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", ALONE, str(folder)], capture_output=True, text=True, env=environment,
                          check=True)  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("2 []", "")


def test_the_dashboard_previews_in_a_process_apart(tmp_path: Path) -> None:
    from cxrtui.tui.backend import Backend

    open_film = Backend().open_film
    with pytest.raises(FilmError, match="crashed"):
        open_film(crashing(tmp_path / "film.dcm"))
    np.testing.assert_array_equal(open_film(save(tmp_path / "film.png", 1)).values, np.asarray(picture(1)))
