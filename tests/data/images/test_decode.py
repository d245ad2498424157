from __future__ import annotations

import io
import os
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrtui.data.images.decode import decode, read_film, square
from cxrtui.errors import FilmError
from tests.data.conftest import picture

GREY = np.asarray(picture(0))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_give_their_values(tmp_path: Path, kind: str) -> None:
    picture(0).save(tmp_path / "film", kind)
    found = decode(tmp_path / "film")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, GREY)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_the_content_decides_not_the_name(tmp_path: Path, kind: str) -> None:
    ramp = Image.linear_gradient("L")
    ramp.convert("RGB").save(tmp_path / "film.png", kind, quality=95)
    assert np.abs(decode(tmp_path / "film.png").astype(int) - np.asarray(ramp)).max() < 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK", "1"])
def test_colour_models_become_grey(tmp_path: Path, mode: str) -> None:
    source = Image.fromarray(np.where(GREY > 127, 255, 0).astype(np.uint8)) if mode == "1" else picture(0)
    source.convert(mode, dither=Image.Dither.NONE).save(tmp_path / "film", "TIFF" if mode == "CMYK" else "PNG")
    np.testing.assert_allclose(decode(tmp_path / "film").astype(int), np.asarray(source).astype(int), atol=1)


def test_transparent_pixels_are_black(tmp_path: Path) -> None:
    clear = Image.fromarray(np.where(np.arange(40) < 20, 255, 0).astype(np.uint8)[None].repeat(48, 0))
    Image.merge("LA", (picture(0), clear)).save(tmp_path / "film.png")
    found = decode(tmp_path / "film.png")
    assert found[:, 20:].max() == 0
    np.testing.assert_array_equal(found[:, :20], GREY[:, :20])


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_grey_is_scaled_by_its_depth(tmp_path: Path, bits: int) -> None:
    white = (1 << bits) - 1
    deep = np.linspace(0, white, 64).round().astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        Image.fromarray(deep).save(tmp_path / "film", kind)
        np.testing.assert_allclose(decode(tmp_path / "film"), deep * (255 / white), atol=0.51)


def test_a_tiff_whose_zero_is_white_is_inverted(tmp_path: Path) -> None:
    values = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4369
    Image.fromarray(values).save(tmp_path / "film.tif", tiffinfo={262: 0})
    raw = (tmp_path / "film.tif").read_bytes()
    if Image.open(io.BytesIO(raw)).tag_v2[262] != 0:  # Pillow writes the tag itself: turn it by hand
        place = raw.index(struct.pack("<HHI", 262, 3, 1))
        raw = raw[: place + 8] + struct.pack("<H", 0) + raw[place + 10 :]
        (tmp_path / "film.tif").write_bytes(raw)
    np.testing.assert_array_equal(decode(tmp_path / "film.tif"), 255 - values // 257)


@pytest.mark.parametrize("kind", ["TIFF"])
@pytest.mark.parametrize(("values", "expected"), [([0.0, 0.5, 1.0], [0, 128, 255]), ([-10, 0, 10], [0, 128, 255]),
                                                  ([0, 100, 255], [0, 100, 255])])  # fmt: skip
def test_floating_point(tmp_path: Path, kind: str, values: list[float], expected: list[int]) -> None:
    Image.fromarray(np.asarray([values], np.float32)).save(tmp_path / "film", kind)
    np.testing.assert_allclose(decode(tmp_path / "film")[0], expected, atol=1)


def test_pixels_that_are_no_numbers(tmp_path: Path) -> None:
    Image.fromarray(np.asarray([[0.0, np.nan]], np.float32)).save(tmp_path / "film", "TIFF")
    with pytest.raises(FilmError, match="not numbers"):
        decode(tmp_path / "film")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation(tmp_path: Path, kind: str, turn: int) -> None:
    """The upper left quarter is white as seen; stored as orientation `turn` says."""
    seen = np.zeros((16, 32), np.uint8)
    seen[:8, :16] = 255
    seen[8:, :16] = 90
    stored = {1: seen, 2: seen[:, ::-1], 3: seen[::-1, ::-1], 4: seen[::-1], 5: seen.T, 6: np.rot90(seen),
              7: seen[::-1, ::-1].T, 8: np.rot90(seen, -1)}[turn]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "film", kind, exif=exif, **options)
    np.testing.assert_allclose(decode(tmp_path / "film"), seen, atol=3)


def _bomb(path: Path, side: int) -> None:
    """A PNG of `side` by `side` grey pixels, all black, in a few hundred kilobytes."""

    def piece(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(side + 1)) for _ in range(side)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", header) + piece(b"IDAT", rows) + piece(b"IEND", b""))


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    _bomb(tmp_path / "bomb.png", 20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FilmError, match="20000 x 20000"):
        read_film(tmp_path / "bomb.png", 64)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not a film")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    picture(1, 200, 200).save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:-3000])
    picture(1).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-900])
    (tmp_path / "head.tif").write_bytes(b"II*\0\x08\0\0\0")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    picture(1).save(tmp_path / "picture.gif")
    return tmp_path


@pytest.mark.parametrize(("name", "reason"), [
    ("empty.png", "empty"), ("text.png", "not a PNG"), ("folder.png", "a folder"), ("pipe.png", "regular file"),
    ("cut.jpg", "cut short"), ("cut.png", "cut short"), ("head.tif", "damaged"), ("missing.png", "no such file"),
    ("loop.png", "cannot be opened"), ("picture.gif", "not a PNG"), ("x" * 300, "cannot be opened"),
])  # fmt: skip
def test_what_is_no_film_says_why(hostile: Path, name: str, reason: str) -> None:
    with pytest.raises(FilmError, match=reason) as caught:
        decode(hostile / name)
    assert "\n" not in str(caught.value)
    assert str(hostile) not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "film.png")
    (tmp_path / "film.png").chmod(0)
    with pytest.raises(FilmError, match="permission"):
        decode(tmp_path / "film.png")


def test_square() -> None:
    film = Image.fromarray(np.repeat(np.asarray([[0] * 20 + [100] * 20 + [0] * 20], np.uint8), 20, 0))
    assert square(film, 20, "crop").getextrema() == (100, 100)
    padded = np.asarray(square(film, 30, "pad"))
    assert padded.shape == (30, 30)
    assert padded[:9].max() == padded[21:].max() == 0
    assert padded[15, 15] == 100
    assert np.asarray(square(film, 30, "stretch"))[0, 15] == 100
    assert square(Image.new("L", (5000, 1)), 30, "pad").size == (30, 30)


def test_a_large_jpeg_is_read_small_and_alike(tmp_path: Path) -> None:
    smooth = Image.radial_gradient("L").resize((1600, 1200))
    smooth.save(tmp_path / "film.jpg", quality=95)
    whole = np.asarray(square(Image.fromarray(decode(tmp_path / "film.jpg")), 64))
    assert np.abs(read_film(tmp_path / "film.jpg", 64).astype(int) - whole).max() <= 3


def test_all_originals_decode(real_films: Path) -> None:
    files = sorted((real_films / "originals").iterdir())
    assert len(files) == 21
    for file in files:
        film = read_film(file, 256)
        assert (film.shape, film.dtype) == ((256, 256), np.uint8)
        assert int(film.max()) - int(film.min()) > 100
