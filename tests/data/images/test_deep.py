"""Deep pictures: one rule of depth for every mode, judged on the values as stored and not swayed by a few pixels."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from cxrtui.data.films import Display
from cxrtui.data.images.decode import decode, decode_with_notes, read_film
from cxrtui.data.images.headers import read_header
from cxrtui.data.images.tones import eight_bits, ends, tally, white_of
from cxrtui.errors import FilmError

pytestmark = pytest.mark.slow

SHAPE = (48, 40)


def film(white: int = 4095, seed: int = 0) -> np.ndarray:
    """A smooth picture over the whole of a depth, int64 `[48, 40]`."""
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    wave = np.sin(rows / 9 + seed) + np.cos(columns / 7) + rows / 40
    return np.rint((wave - wave.min()) / np.ptp(wave) * white).astype(np.int64)


def seen(values: np.ndarray, white: float) -> np.ndarray:
    return np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)


# PNG by hand: Pillow writes no 16-bit colour. Each row as it is, or in Adam7's seven passes.

ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png(path: Path, samples: np.ndarray, *, interlaced: bool = False, key: tuple[int, ...] = ()) -> Path:
    """16-bit PNG of `[H, W, C]`; `key` is a transparent colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, channels = samples.shape
    passes = [samples[top::down, left::right] for top, left, down, right in ADAM7] if interlaced else [samples]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, interlaced)
    clear = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) if key else b""
    body = chunk(b"IHDR", header) + clear + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_of_every_mode_is_as_grey(tmp_path: Path, bits: int, channels: int, interlaced: bool) -> None:
    values = film((1 << bits) - 1)
    planes = [values] * (1 if channels < 3 else 3) + [np.full(SHAPE, 65535)] * (channels % 2 == 0)
    path = png(tmp_path / "film.png", np.stack(planes, -1), interlaced=interlaced)
    np.testing.assert_array_equal(decode(path), seen(values, (1 << bits) - 1))
    assert read_header(path).bits == 16
    assert read_film(path, 16).shape == (16, 16)


def test_luma_is_of_the_full_values(tmp_path: Path) -> None:
    colours = np.stack([film(4095, 1), film(4095, 2), film(4095, 3)], -1)
    expected = seen(np.rint(colours @ [0.299, 0.587, 0.114]), 4095)
    assert np.abs(decode(png(tmp_path / "film.png", colours)).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_deep_png_is_turned(tmp_path: Path, channels: int) -> None:
    planes = [film(65535)] * (1 if channels < 3 else 3) + [np.full(SHAPE, 65535)] * (channels % 2 == 0)
    path = png(tmp_path / "film.png", np.stack(planes, -1))
    exif = Image.Exif()
    exif[0x0112] = 6
    body, data = path.read_bytes(), exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    path.write_bytes(body[:33] + chunk + body[33:])
    np.testing.assert_array_equal(decode(path), np.rot90(seen(film(65535), 65535), -1))


@pytest.mark.parametrize("key", [(0,), (0, 0, 0)])
def test_a_transparent_colour_of_16_bits(tmp_path: Path, key: tuple[int, ...]) -> None:
    values = np.maximum(film(65535), 1)
    values[:5] = 40_000
    path = png(tmp_path / "film.png", np.stack([values] * len(key), -1), key=(40_000,) * len(key))
    found = decode(path)
    assert found[:5].max() == 0
    np.testing.assert_array_equal(found[5:], np.where(values == 40_000, 0, seen(values, 65535))[5:])


ORDERS, PACKINGS = ("<", ">"), (None, "zlib", "lzw", "packbits")


def tiff(path: Path, values: np.ndarray, order: str, packing: str | None, **options: Any) -> Path:
    """A TIFF file of `values`; what tifffile does not compress is packed by hand, in one strip."""
    if packing in (None, "zlib"):
        tifffile.imwrite(path, values, byteorder=order, compression=packing, **options)
        return path
    tifffile.imwrite(path, values, byteorder=order, rowsperstrip=values.shape[-2] * 4, **options)
    body = bytearray(path.read_bytes())
    with tifffile.TiffFile(io.BytesIO(bytes(body))) as file:
        page = file.pages[0]
        raw = bytes(body[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]])
        assert len(page.dataoffsets) == 1
        packed = (_lzw if packing == "lzw" else _packbits)(raw, page)
        for tag, value in ((259, 5 if packing == "lzw" else 32773), (273, len(body)), (279, len(packed))):
            found = page.tags[tag]
            width = {3: 2, 4: 4, 16: 8}[int(found.dtype)]
            place = found.valueoffset
            body[place : place + width] = value.to_bytes(width, "little" if order == "<" else "big")
    path.write_bytes(bytes(body) + packed)
    return path


def _lzw(raw: bytes, page: Any) -> bytes:
    """Nine-bit codes, the table cleared before it grows (TIFF 6.0 section 13)."""
    codes = [256]
    for place, byte in enumerate(raw):
        if place and place % 200 == 0:
            codes.append(256)
        codes.append(byte)
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _packbits(raw: bytes, page: Any) -> bytes:
    """Literal runs, each row by itself (TIFF 6.0 section 9)."""
    row = len(raw) // page.imagelength
    return b"".join(
        bytes([len(run) - 1]) + run
        for start in range(0, len(raw), row)
        for run in (raw[start : start + row][place : place + 128] for place in range(0, row, 128))
    )


GREYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "12 of 16 bits": (lambda v: v.astype(np.uint16), {"photometric": "minisblack"}),
    "white is zero": (lambda v: (4095 - v).astype(np.uint16), {"photometric": "miniswhite"}),
    "signed": (lambda v: (v - 2000).astype(np.int16), {"photometric": "minisblack"}),
    "signed, white is zero": (lambda v: (2000 - v).astype(np.int16), {"photometric": "miniswhite"}),
    "32 bits": (lambda v: (v << 20).astype(np.uint32), {"photometric": "minisblack"}),
    "signed 32": (lambda v: ((v - 2000) * 1000).astype(np.int32), {"photometric": "minisblack"}),
    "float": (lambda v: (v / 4095).astype(np.float32), {"photometric": "minisblack"}),
    "float, white is zero": (lambda v: (1 - v / 4095).astype(np.float32), {"photometric": "miniswhite"}),
    "half": (lambda v: (v / 4095).astype(np.float16), {"photometric": "minisblack"}),
    "double": (lambda v: v / 4095, {"photometric": "minisblack"}),
    "signed 8": (lambda v: (v // 16 - 128).astype(np.int8), {"photometric": "minisblack"}),
}


@pytest.mark.parametrize("kind", GREYS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("packing", PACKINGS)
def test_grey_tiff_of_every_kind(tmp_path: Path, kind: str, order: str, packing: str | None) -> None:
    make, options = GREYS[kind]
    path = tiff(tmp_path / "film.tif", make(film()), order, packing, **options)
    beyond_pillow = {"half", "double"} | ({"32 bits"} if order == ">" else set())
    if packing in ("lzw", "packbits") and kind in beyond_pillow:
        with pytest.raises(FilmError, match="pip install imagecodecs"):
            decode(path)
        return
    assert np.abs(decode(path).astype(int) - seen(film(), 4095)).max() <= 1
    with path.open("rb") as opened:  # as the processes that decode get it
        np.testing.assert_array_equal(decode(opened.fileno()), decode(path))
        assert read_header(opened.fileno(), ".tif") == read_header(path)
    assert read_header(path).colours == "grey"


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("layout", "packing"), [
    *((layout, packing) for layout in ("by pixel", "alpha", "premultiplied", "no extra tag") for packing in PACKINGS),
    # `tiff` packs strips itself; planes and tiles are tifffile's to pack.
    *((layout, packing) for layout in ("by plane", "tiles") for packing in (None, "zlib")),
])  # fmt: skip
def test_colour_tiff_of_16_bits(tmp_path: Path, order: str, layout: str, packing: str | None) -> None:
    values = film().astype(np.uint16)
    planes = [values] * 3 + [np.full(SHAPE, 65535, np.uint16)] * (layout not in ("by pixel", "by plane", "tiles"))
    axis = 0 if layout == "by plane" else -1
    options: dict[str, Any] = {"photometric": "rgb"}
    if layout == "by plane":
        options["planarconfig"] = "separate"
    if layout == "tiles":
        options["tile"] = (16, 16)
    if layout in ("alpha", "premultiplied"):
        options["extrasamples"] = ["unassalpha" if layout == "alpha" else "assocalpha"]
    path = tiff(tmp_path / "film.tif", np.stack(planes, axis), order, packing, **options)
    np.testing.assert_array_equal(decode(path), seen(film(), 4095))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("alpha", [0, 1, 255])
@pytest.mark.parametrize("grey", [False, True])
def test_premultiplied_tiff_of_8_bits(tmp_path: Path, order: str, packing: str | None, alpha: int, grey: bool) -> None:
    """On black it is what is stored, whatever its alpha: dividing by that would leave nothing."""
    values = film(255).astype(np.uint8)
    planes = np.stack([values] * (1 if grey else 3) + [np.full(SHAPE, alpha, np.uint8)], -1)
    path = tiff(tmp_path / "film.tif", planes, order, packing, photometric="minisblack" if grey else "rgb",
                planarconfig="contig", extrasamples=["assocalpha"])  # fmt: skip
    np.testing.assert_array_equal(decode(path), values)


@pytest.mark.parametrize("order", ORDERS)
def test_tiff_of_grey_and_alpha_and_of_a_deep_palette(tmp_path: Path, order: str) -> None:
    values = film().astype(np.uint16)
    both = np.stack([values, np.where(values > 4000, 0, 65535).astype(np.uint16)], -1)
    path = tiff(tmp_path / "la.tif", both, order, None, photometric="minisblack", planarconfig="contig",
                extrasamples=["unassalpha"])  # fmt: skip
    np.testing.assert_array_equal(decode(path), np.where(values > 4000, 0, seen(values, 4095)))
    ramp = np.broadcast_to(np.arange(65536, dtype=np.uint16)[::-1], (3, 65536))
    path = tiff(tmp_path / "p.tif", values * 16, order, None, photometric="palette", colormap=ramp)
    np.testing.assert_array_equal(decode(path), seen(65535 - values.astype(int) * 16, 65535))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits(tmp_path: Path, order: str, white_is_zero: bool, bits: int) -> None:
    values = film((1 << bits) - 1)
    held = (1 << bits) - 1 - values if white_is_zero else values
    lines = []
    for row in held:
        line = "".join(f"{value:0{bits}b}" for value in row)
        line += "0" * (-len(line) % 8)
        lines.append(int(line, 2).to_bytes(len(line) // 8, "big"))
    data = b"".join(lines)
    entries = [(256, 3, SHAPE[1]), (257, 3, SHAPE[0]), (258, 3, bits), (259, 3, 1), (262, 3, 1 - white_is_zero),
               (273, 4, 8), (277, 3, 1), (278, 3, SHAPE[0]), (279, 4, len(data))]  # fmt: skip
    body = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(data)) + data
    body += struct.pack(f"{order}H", len(entries))
    for tag, kind, value in entries:
        body += struct.pack(f"{order}HHI", tag, kind, 1)
        body += struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
    (tmp_path / "film.tif").write_bytes(body + bytes(4))
    np.testing.assert_array_equal(decode(tmp_path / "film.tif"), seen(values, (1 << bits) - 1))


def test_the_predictor_of_floating_point(tmp_path: Path) -> None:
    image = Image.fromarray((film() / 4095).astype(np.float32))
    image.save(tmp_path / "film.tif", compression="tiff_adobe_deflate", tiffinfo={317: 3})
    np.testing.assert_array_equal(decode(tmp_path / "film.tif"), seen(film(), 4095))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", ["inks", "deep inks", "palette", "bits", "grey"])
def test_either_byte_order_and_offsets_of_64_bits(tmp_path: Path, order: str, large: bool, kind: str) -> None:
    """Pillow opens no big-endian file of the large kind."""
    values = film(255 if kind != "deep inks" else 4095)
    grey = values.astype(np.uint8)
    none, expected = np.zeros(SHAPE, np.uint8), seen(values, int(values.max()))
    made: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "inks": (np.stack([none, none, none, 255 - grey], -1), {"photometric": "separated"}),
        "deep inks": (np.stack([none, none, none, 65535 - values], -1).astype(np.uint16), {"photometric": "separated"}),
        "palette": (255 - grey, {"photometric": "palette", "colormap": np.stack([np.arange(255, -1, -1) * 257] * 3)}),
        "bits": (grey > 127, {"photometric": "miniswhite"}),
        "grey": (grey, {"photometric": "minisblack"}),
    }
    data, options = made[kind]
    if kind == "palette":
        options["colormap"] = options["colormap"].astype(np.uint16)
    if kind == "bits":
        expected = np.where(grey > 127, 0, 255)
    tifffile.imwrite(tmp_path / "film.tif", data, byteorder=order, bigtiff=large, **options)
    np.testing.assert_allclose(decode(tmp_path / "film.tif").astype(int), expected, atol=1)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("packing", [None, "lzw"])
def test_a_deep_tiff_is_turned_as_a_shallow_one(tmp_path: Path, turn: int, packing: str | None) -> None:
    values = film(255)
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "shallow.tif", tiffinfo={274: turn})
    extra = [(274, 3, 1, turn, True)]
    deep = tiff(
        tmp_path / "deep.tif", values.astype(np.uint16), "<", packing, photometric="minisblack", extratags=extra
    )
    np.testing.assert_array_equal(decode(deep), decode(tmp_path / "shallow.tif"))
    assert (read_header(deep).height, read_header(deep).width) == decode(deep).shape


def test_a_tiff_that_inflates_without_end(tmp_path: Path) -> None:
    path = tiff(tmp_path / "film.tif", film().astype(np.int16), "<", "zlib", photometric="miniswhite")
    body = bytearray(path.read_bytes())
    bomb = zlib.compress(bytes(20_000_000), 9)
    with tifffile.TiffFile(io.BytesIO(bytes(body))) as file:
        for tag, value in ((273, len(body)), (279, len(bomb))):
            place = file.pages[0].tags[tag].valueoffset
            body[place : place + 4] = value.to_bytes(4, "little")
    path.write_bytes(bytes(body) + bomb)
    with pytest.raises(FilmError, match="inflates"):
        decode(path)


# Depth, and what must not sway it.


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("hot", ["one above", "one at the top", "several", "a mark", "a row"])
def test_hot_pixels_do_not_darken_a_film(tmp_path: Path, bits: int, hot: str) -> None:
    white = (1 << bits) - 1
    values = np.kron(film(white), np.ones((2, 2), np.int64))  # 96 rows
    changed = values.copy()
    if hot == "a row":
        changed[17] = 65535
    else:
        changed.flat[: {"several": 20, "a mark": 140}.get(hot, 1)] = white + 5 if hot == "one above" else 65535
    same = changed == values
    found = decode(png(tmp_path / "hot.png", changed[..., None]))
    np.testing.assert_array_equal(found[same], seen(values, white)[same])


def test_two_films_of_one_detector_come_out_alike(tmp_path: Path) -> None:
    """Whatever the brightest tone, one brighter by a twentieth changes no grey by much more."""
    values, before = film(1000) / 1000, None
    for bright in np.geomspace(200, 65535, 120):
        found = np.rint(values * bright).astype(np.uint16)
        grey = decode(png(tmp_path / "film.png", found[..., None])).astype(int)
        if before is not None:
            assert np.abs(grey - before).max() <= 14
        before = grey


@pytest.mark.parametrize("floating", [False, True])
def test_white_moves_without_a_jump(floating: bool) -> None:
    tops = np.geomspace(1, 280 if floating else 4e9, 4000)
    found = [white_of(top, floating=floating) for top in tops]
    assert all(white is not None for white in found)
    steps = np.asarray(found[1:], float) / np.asarray(found[:-1], float)
    assert steps.min() >= 1
    assert steps.max() < 1.05
    assert max(top / white for top, white in zip(tops, found, strict=True)) <= 1.1 + 1e-9


@pytest.mark.parametrize("over", [0.0, 0.0002, 0.02, 0.08])
@pytest.mark.parametrize("under", [0.0, 0.02])
def test_floating_point_that_overshoots_stays(tmp_path: Path, over: float, under: float) -> None:
    values = film(10_000) / 10_000 * (1 + over + under) - under
    tifffile.imwrite(tmp_path / "film.tif", values.astype(np.float32), photometric="minisblack")
    assert np.abs(decode(tmp_path / "film.tif").astype(int) - seen(values, 1)).max() <= 1
    tifffile.imwrite(tmp_path / "film.tif", (values * 255).astype(np.float32), photometric="minisblack")
    assert np.abs(decode(tmp_path / "film.tif").astype(int) - seen(values, 1)).max() <= 1


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (-1024, 1024), (-2.1, 2.6), (-1, 1), (0, 20_000.5), (0, 0.01)])
def test_floating_point_of_other_ranges_is_seen_in_full(tmp_path: Path, low: float, high: float) -> None:
    values = film(10_000) / 10_000 * (high - low) + low
    changed = values.astype(np.float32)
    changed[0, 0] = high + 50 * (high - low)
    tifffile.imwrite(tmp_path / "film.tif", changed, photometric="minisblack")
    found = decode(tmp_path / "film.tif").astype(int)
    assert np.abs(found - seen(film(10_000), 10_000))[1:].max() <= 1


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.float32, np.float64])
def test_a_film_is_scaled_in_parts_that_join(monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    values = film(65535).astype(kind)
    expected = eight_bits(values, [])
    monkeypatch.setattr("cxrtui.data.images.tones._BLOCK", 100)
    monkeypatch.setattr("cxrtui.data.images.tones._ENOUGH", 700)  # fewer pixels than the film has
    np.testing.assert_allclose(eight_bits(values, []).astype(int), expected, atol=1)


def test_ends() -> None:
    values = np.random.default_rng(0).integers(100, 1000, 5000)
    plain = ends(*tally(values))
    assert (plain.low, plain.high) == (values.min(), values.max())
    outlying = values.copy()
    outlying[:20], outlying[-20:] = 5000, -5000
    found = ends(*tally(outlying))
    inside = outlying[20:-20]
    assert (found.low, found.high) == (inside.min(), inside.max())
    outlying[:110] = 5000  # too many to be a few
    assert ends(*tally(outlying)).high == 5000
    few = np.asarray([0, 1, 1000])
    assert (ends(*tally(few)).low, ends(*tally(few)).high) == (0, 1000)


@pytest.mark.parametrize("kind", ["<f4", ">f8"])
@pytest.mark.parametrize(("bits", "bright"), [(8, 60), (8, 255), (10, 614), (12, 4095), (12, 2300), (16, 40_000)])
def test_whole_numbers_in_floating_point_are_whole_numbers(tmp_path: Path, kind: str, bits: int, bright: int) -> None:
    tifffile.imwrite(tmp_path / "film.tif", film(bright).astype(kind), photometric="minisblack")
    np.testing.assert_array_equal(decode(tmp_path / "film.tif"), seen(film(bright), (1 << bits) - 1))


# What would leave nothing.


@pytest.mark.parametrize("alpha", [20, 128, 254])
@pytest.mark.parametrize("deep", [False, True])
def test_alpha_that_is_the_same_everywhere_darkens_nothing(tmp_path: Path, alpha: int, deep: bool) -> None:
    planes = np.stack([film(255), np.full(SHAPE, alpha)], -1)
    if deep:
        png(tmp_path / "film", planes * 257)
    else:
        Image.fromarray(planes.astype(np.uint8), "LA").save(tmp_path / "film", "PNG")
    found = decode_with_notes(tmp_path / "film")
    np.testing.assert_array_equal(found.values, film(255))
    assert found.notes == ("it is equally transparent everywhere, which was ignored",)


@pytest.mark.parametrize("alpha", [0, 1, 257, 65535])
@pytest.mark.parametrize("nearly", [False, True])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_that_leaves_nothing_is_ignored(tmp_path: Path, alpha: int, nearly: bool, channels: int) -> None:
    values = film()
    clear = np.full(SHAPE, alpha)
    if nearly:
        clear.flat[:5] = 65535
    path = png(tmp_path / "film.png", np.stack([values] * (channels - 1) + [clear], -1))
    found = decode_with_notes(path)
    np.testing.assert_array_equal(found.values, seen(values, 4095))
    assert len(found.notes) == (alpha < 65535)


@pytest.mark.parametrize("alpha", [0, 1])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "BMP", "palette", "grey"])
def test_alpha_of_8_bits(tmp_path: Path, alpha: int, kind: str) -> None:
    grey = Image.fromarray(film(255).astype(np.uint8))
    image = grey.convert("RGBA")
    image.putalpha(alpha)
    if kind == "BMP":
        (tmp_path / "film").write_bytes(_bmp_with_alpha(np.asarray(image)))
    elif kind == "palette":
        grey.convert("P").save(tmp_path / "film", "PNG", transparency=bytes([alpha]) * 256)
    elif kind == "grey":
        Image.merge("LA", (grey, Image.new("L", grey.size, alpha))).save(tmp_path / "film", "PNG")
    else:
        image.save(tmp_path / "film", kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    found = decode_with_notes(tmp_path / "film")
    np.testing.assert_allclose(found.values.astype(int), film(255), atol=1)
    assert found.notes == ("its transparency would leave nothing of it, and was ignored",)


def _bmp_with_alpha(pixels: np.ndarray) -> bytes:
    """BITMAPV5HEADER with four masks."""
    height, width = pixels.shape[:2]
    data = pixels[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 124, width, height, 1, 32, 3, len(data), 2835, 2835, 0, 0) + masks
    header += b"BGRs" + bytes(124 - len(header) - 4)
    return struct.pack("<2sIHHI", b"BM", 14 + 124 + len(data), 0, 0, 14 + 124) + header + data


@pytest.mark.parametrize("grey", [0, 90, 255])
@pytest.mark.parametrize(
    "kind",
    ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "deep", "float", "colour", "specks", "alpha", "mark", "noise", "deep noise"],
)
def test_a_film_of_one_grey_is_refused(tmp_path: Path, grey: int, kind: str) -> None:
    values = np.full((64, 65), grey, np.uint8)
    path = tmp_path / "film"
    if kind == "deep":
        png(path, values[..., None].astype(int) * 257)
    elif kind == "float":
        tifffile.imwrite(path, values / np.float32(255), photometric="minisblack")
    elif kind == "colour":
        Image.fromarray(values).convert("RGB").save(path, "PNG")
    elif kind == "specks":
        values.flat[[7, 900, 2000, 4000]] = 255 - grey
        Image.fromarray(values).save(path, "PNG")
    elif kind == "alpha":
        clear = Image.fromarray(np.where(np.arange(65) < 30, 0, 255).astype(np.uint8)[None].repeat(64, 0))
        Image.merge("LA", (Image.fromarray(values), clear)).save(path, "PNG")
    elif kind == "mark":
        values[4:16, 4:20] = 255 - grey
        Image.fromarray(values).save(path, "PNG")
    elif "noise" in kind:
        noise = np.random.default_rng(0).normal(0, 0.8, values.shape)
        if kind == "noise":
            Image.fromarray(np.rint(values + noise).clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=95)
        else:
            png(path, np.rint(values * 100.0 + noise).clip(0, 65535).astype(int)[..., None])
    else:
        Image.fromarray(values).save(path, kind)
    for read in (decode, lambda file: read_film(file, 16)):
        with pytest.raises(FilmError, match="uniform"):
            read(path)


def test_a_film_of_few_greys_is_said(tmp_path: Path) -> None:
    Image.fromarray((film(9) + 100).astype(np.uint8)).save(tmp_path / "shallow.png")
    found = decode_with_notes(tmp_path / "shallow.png")
    np.testing.assert_array_equal(found.values, film(9) + 100)
    assert found.notes == ("it uses 10 of 256 greys",)
    found = decode_with_notes(png(tmp_path / "deep.png", (film(90) + 3500)[..., None]))
    np.testing.assert_array_equal(found.values, seen(film(90), 90))
    assert "less than a sixteenth" in found.notes[0]
    Image.fromarray(film(255) > 100).save(tmp_path / "fax.png")
    assert decode_with_notes(tmp_path / "fax.png").notes == ("it uses 2 of 256 greys",)


@pytest.mark.parametrize("window", [(9000.0, 100.0), (-500.0, 10.0), (60_000.0, 1.0)])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_sidecar_whose_window_leaves_nothing(tmp_path: Path, window: tuple[float, float], inverted: bool) -> None:
    path = png(tmp_path / "film.png", film()[..., None])
    found = decode_with_notes(path, Display(window, inverted))
    expected = seen(film(), 4095)
    np.testing.assert_array_equal(found.values, 255 - expected if inverted else expected)
    assert "leaves 1 of 256 greys" in found.notes[0]


# Reasons.


def test_damaged_is_said_of_damaged_files_alone(tmp_path: Path) -> None:
    good = io.BytesIO()
    Image.fromarray(film(255).astype(np.uint8)).save(good, "JPEG")
    body = good.getvalue()
    place = body.index(b"\xff\xc0")
    cases = {
        "12-bit JPEG": body[: place + 4] + b"\x0c" + body[place + 5 :],
        "16-bit lossless JPEG": body[:place] + b"\xff\xc3" + body[place + 2 : place + 4] + b"\x10" + body[place + 5 :],
        "8-bit JPEG-LS": body[:place] + b"\xff\xf7" + body[place + 2 :],
    }
    for name, content in cases.items():
        (tmp_path / "film.jpg").write_bytes(content)
        with pytest.raises(FilmError, match=name) as caught:
            decode(tmp_path / "film.jpg")
        assert "damaged" not in str(caught.value)
    path = tiff(tmp_path / "film.tif", film().astype(np.uint16), "<", None, photometric="minisblack")
    whole = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].tags[259].valueoffset
    for compression in (34712, 50001, 9999):
        whole[place : place + 2] = compression.to_bytes(2, "little")
        path.write_bytes(whole)
        with pytest.raises(FilmError) as caught:
            decode(path)
        assert "damaged" not in str(caught.value), compression
    whole[place : place + 2] = b"\1\0"
    path.write_bytes(whole[:600])
    with pytest.raises(FilmError, match="damaged"):
        decode(path)


def test_a_disk_that_fails_is_not_a_damaged_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = png(tmp_path / "film.png", film()[..., None])

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 500:
                raise OSError(5, "Input/output error")
            return super().read(size)

    monkeypatch.setattr("cxrtui.data.images.opening.open_film", lambda _: Failing(path.read_bytes()))
    with pytest.raises(FilmError, match="Input/output error") as caught:
        decode(path)
    assert "damaged" not in str(caught.value)


def test_cut_anywhere(tmp_path: Path) -> None:
    for order, packing in itertools.product(ORDERS, PACKINGS):
        whole = tiff(tmp_path / "whole.tif", film().astype(np.int16), order, packing, photometric="miniswhite")
        body = whole.read_bytes()
        for end in (3, 4, 8, 9, 20, 100, 200, len(body) // 2, len(body) - 1500):
            (tmp_path / "film.tif").write_bytes(body[:end])
            with pytest.raises(FilmError):
                decode(tmp_path / "film.tif")
