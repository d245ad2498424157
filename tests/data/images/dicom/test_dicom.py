"""DICOM: synthetic files over the combinations, against a reference in float64 written from the standard alone."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import logging
import resource
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from cxrtui.data.images.decode import decode, read_film
from cxrtui.data.images.dicom.header import DicomHeader, deidentified, read_header
from cxrtui.data.images.dicom.pixels import display_values
from cxrtui.data.sources.chest import other_view, why_not_chest_film
from cxrtui.errors import FilmError

SHAPE = (33, 36)
RAMP = np.arange(120).reshape(12, 10)
NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


def film(values: np.ndarray, bits: int, *, syntax: str = ExplicitVRLittleEndian, garbage: bool = False, high: int = 0,
         **tags: Any) -> Dataset:  # fmt: skip
    """A data set of `values` as the standard lays them out; `tags` by keyword, those that are None are left out."""
    size = 8 if bits <= 8 else 16
    high = high or bits - 1
    words = (values.astype(np.int64) & ((1 << bits) - 1)) << (high + 1 - bits)
    if garbage:
        spare = ~(((1 << bits) - 1) << (high + 1 - bits)) & ((1 << size) - 1)
        words |= np.random.default_rng(9).integers(0, 1 << size, words.shape) & spare
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.SOPClassUID, dataset.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3.4"
    dataset.Modality, dataset.PatientID, dataset.PatientName = "DX", "MRN-77", "Doe^Jane"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = size, bits, high
    dataset.PixelRepresentation = int(values.min() < 0 or tags.get("PixelRepresentation", 0))
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    raw = words.astype(f"{order}u{size // 8}").tobytes()
    for keyword, value in tags.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    dataset.PixelData = raw
    dataset["PixelData"].VR = "OB" if size == 8 and syntax != ImplicitVRLittleEndian else "OW"
    return dataset


def written(dataset: Dataset, path: Path) -> Path:
    syntax = dataset.file_meta.TransferSyntaxUID
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path, implicit_vr=syntax == ImplicitVRLittleEndian,
                        little_endian=syntax != ExplicitVRBigEndian, enforce_file_format=True)  # fmt: skip
    return path


def table(start: int, entries: np.ndarray, bits: int, *, signed: bool = False) -> Sequence:
    item = Dataset()
    item.add_new(0x00283002, "SS" if signed else "US", [len(entries) % 65536, start, bits])
    item.add_new(0x00283006, "US", [int(entry) for entry in entries])
    return Sequence([item])


def values_of(bits: int, signed: bool, seed: int) -> np.ndarray:
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    found = np.random.default_rng(seed).integers(low, high + 1, SHAPE)
    found.flat[:2] = low, high
    return found


def reference(v: np.ndarray, *, padding: tuple[int, int] | None, slope: float, intercept: float,
              modality: tuple[int, np.ndarray] | None, voi: tuple[int, np.ndarray, int] | None,
              window: tuple[str, float, float] | None, inverse: bool) -> np.ndarray:  # fmt: skip
    """Pixel by pixel, in Python's own float64."""
    result = np.zeros(v.shape)
    outside = np.zeros(v.shape, bool)
    for place, pixel in np.ndenumerate(v):
        outside[place] = padding is not None and padding[0] <= pixel <= padding[1]
        x = float(pixel) * slope + intercept
        if modality is not None:
            start, entries = modality
            x = float(entries[min(max(int(pixel) - start, 0), len(entries) - 1)])
        if voi is not None:
            start, entries, bits = voi
            x = float(entries[min(max(round(x) - start, 0), len(entries) - 1)]) / (2**bits - 1)
        elif window is not None:
            shape, c, w = window
            if shape == "SIGMOID":
                x = 1 / (1 + np.exp(-4 * (x - c) / w))
            elif shape == "LINEAR_EXACT":
                x = 0.0 if x <= c - w / 2 else 1.0 if x > c + w / 2 else (x - c) / w + 0.5
            elif x <= c - 0.5 - (w - 1) / 2:
                x = 0.0
            elif x > c - 0.5 + (w - 1) / 2:
                x = 1.0
            else:
                x = (x - (c - 0.5)) / (w - 1) + 0.5
        result[place] = x
    if voi is None and window is None:
        inside = result[~outside]
        result = (result - inside.min()) / (inside.max() - inside.min())
    if inverse:
        result = 1 - result
    result[outside] = 0
    return result


SHAPES = ("none", "LINEAR", "LINEAR_EXACT", "SIGMOID", "lut", "several")
COMBINATIONS = list(itertools.product(
    (8, 10, 12, 14, 16), (False, True), ("MONOCHROME1", "MONOCHROME2"), ("none", "rescale", "lut"), SHAPES,
))  # fmt: skip


def case(number: int, bits: int, signed: bool, photometric: str, modality: str, shape: str) -> tuple[Dataset, Any]:
    """One of the combinations, and its reference. What is not in the product goes round with `number`."""
    v = values_of(bits, signed, number)
    tags: dict[str, Any] = {"PhotometricInterpretation": photometric, "PixelRepresentation": int(signed)}
    said: dict[str, Any] = {"padding": None, "slope": 1.0, "intercept": 0.0, "modality": None, "voi": None,
                            "window": None, "inverse": photometric == "MONOCHROME1"}  # fmt: skip
    if number % 3 == 0:
        low = int(v.min())
        limit = low + (1 << (bits - 3)) if number % 2 else low
        tags["PixelPaddingValue"] = low
        if number % 2:
            tags["PixelPaddingRangeLimit"] = limit
        said["padding"] = (low, limit)
    if number % 4 == 0:
        tags["PresentationLUTShape"] = "INVERSE" if said["inverse"] else "IDENTITY"
    span_low, span_high = float(v.min()), float(v.max())
    if modality == "rescale":
        said["slope"], said["intercept"] = (-0.5, 30.0) if number % 5 == 0 else (1.25, -1024.0)
        tags["RescaleSlope"], tags["RescaleIntercept"] = said["slope"], said["intercept"]
        ends = sorted(end * said["slope"] + said["intercept"] for end in (span_low, span_high))
        span_low, span_high = ends
    elif modality == "lut":
        count = 200 if bits <= 10 else 6000
        # Amid the values: a table that leaves one of them is another test.
        start = max(int(v.min()), round(v.mean()) - count // 2)
        entries = np.random.default_rng(number).integers(0, 4096, count)
        tags["ModalityLUTSequence"] = table(start, entries, 12, signed=signed)
        said["modality"] = (start, entries)
        span_low, span_high = 0.0, 4095.0
    centre, width = round(span_low * 0.4 + span_high * 0.6), max(2, round((span_high - span_low) * 0.7))
    if shape == "lut":
        negative = span_low < 0
        start, depth = max(round(span_low * 0.9 + span_high * 0.1), -32768), (8, 10, 12, 16)[number % 4]
        entries = np.sort(np.random.default_rng(number).integers(0, 1 << depth, 150))
        entries[-1] = (1 << depth) - 1
        tags["VOILUTSequence"] = table(start, entries, depth, signed=negative)
        said["voi"] = (start, entries, depth)
        tags["WindowCenter"], tags["WindowWidth"] = centre, width  # the table goes before
    elif shape == "several":
        said["window"] = ("LINEAR", centre, width)
        tags["WindowCenter"], tags["WindowWidth"] = [centre, 7], [width, 3]
    elif shape != "none":
        said["window"] = (shape, centre, width)
        tags["WindowCenter"], tags["WindowWidth"] = centre, width
        tags["VOILUTFunction"] = None if shape == "LINEAR" and number % 2 else shape
    syntax = NATIVE[number % 4] if number % 8 < 4 else RLELossless if number % 8 < 6 else JPEG2000Lossless
    if syntax in NATIVE:
        high = 15 if number % 7 == 0 and bits > 8 else 0
        return film(v, bits, syntax=syntax, garbage=number % 5 < 3, high=high, **tags), reference(v, **said)
    dataset = film(v, bits, **tags)
    dataset.compress(syntax, generate_instance_uid=False)
    return dataset, reference(v, **said)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_combinations(tmp_path: Path, bits: int, signed: bool) -> None:
    """360 files in all."""
    checked = 0
    for number, combination in enumerate(COMBINATIONS):
        if combination[:2] != (bits, signed):
            continue
        dataset, expected = case(number, *combination)
        path = written(dataset, tmp_path / ("film.dcm", "film", "film.png")[number % 3])
        found = display_values(pydicom.dcmread(path))
        assert (found.dtype, found.shape) == (np.float64, SHAPE)
        np.testing.assert_allclose(found, expected, atol=1e-9, err_msg=str((number, combination)))
        assert np.abs(decode(path) - expected * 255).max() <= 0.5 + 1e-6, (number, combination)
        checked += 1
    assert checked == 36


def test_how_many() -> None:
    assert len(COMBINATIONS) == 360


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("shape", ["none", "LINEAR", "LINEAR_EXACT", "SIGMOID", "lut"])
@pytest.mark.parametrize("lut_shape", [None, "agrees"])
def test_twins_agree(tmp_path: Path, bits: int, shape: str, lut_shape: str | None) -> None:
    """The same film as MONOCHROME2 and as MONOCHROME1, whose values and windows are mirrored."""
    top = (1 << bits) - 1
    v = values_of(bits, False, bits)
    one: dict[str, Any] = {"PixelPaddingValue": 0}
    two: dict[str, Any] = {"PixelPaddingValue": top, "PhotometricInterpretation": "MONOCHROME1"}
    if shape == "lut":
        entries = np.sort(np.random.default_rng(1).integers(0, 1024, 100))
        one["VOILUTSequence"] = table(50, entries, 10)
        two["VOILUTSequence"] = table(top - 50 - 99, 1023 - entries[::-1], 10)
    elif shape != "none":
        centre, width = round(top * 0.4), round(top * 0.5)
        one |= {"WindowCenter": centre, "WindowWidth": width, "VOILUTFunction": shape}
        two |= {"WindowCenter": top - centre + (shape == "LINEAR"), "WindowWidth": width, "VOILUTFunction": shape}
    if lut_shape:
        one["PresentationLUTShape"], two["PresentationLUTShape"] = "IDENTITY", "INVERSE"
    left = display_values(pydicom.dcmread(written(film(v, bits, **one), tmp_path / "one")))
    right = display_values(pydicom.dcmread(written(film(top - v, bits, **two), tmp_path / "two")))
    np.testing.assert_allclose(left, right, atol=1e-6)


def test_inverse_alone_inverts_once() -> None:
    v = values_of(8, False, 0)
    plain = display_values(film(v, 8))
    np.testing.assert_allclose(display_values(film(v, 8, PresentationLUTShape="INVERSE")), 1 - plain)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_one_grey_all_over(photometric: str) -> None:
    assert np.ptp(display_values(film(np.full(SHAPE, 7), 8, PhotometricInterpretation=photometric))) == 0


@pytest.mark.parametrize(("centre", "width"), [(0, 0), (100, 0), (None, 5), (5, None)])
def test_a_window_that_is_none(centre: float | None, width: float | None) -> None:
    v = values_of(12, False, 0)
    np.testing.assert_array_equal(display_values(film(v, 12, WindowCenter=centre, WindowWidth=width)),
                                  display_values(film(v, 12)))  # fmt: skip


def test_a_window_of_one_is_a_threshold() -> None:
    v = RAMP
    np.testing.assert_array_equal(display_values(film(v, 8, WindowCenter=60, WindowWidth=1)), v > 59)


def test_padding_beyond_the_bits_stored() -> None:
    v = values_of(12, False, 3)
    dataset = film(v, 12, PixelPaddingValue=65535)
    words = np.frombuffer(dataset.PixelData, "<u2").copy()
    words[5] = 65535
    dataset.PixelData = words.tobytes()
    found = display_values(dataset)
    assert found.flat[5] == 0
    assert found.max() == 1


# Compression that pydicom does not write: Huffman-coded differences, as lossless JPEG and as the DC of 12-bit blocks.


def _huffman(differences: list[int]) -> bytes:
    """Each difference as a 5-bit code for its size, then its bits (T.81 section F.1.2.1); sizes 0 to 16."""
    bits = ""
    for difference in differences:
        size = abs(difference).bit_length()
        bits += f"{size:05b}"
        if 0 < size < 16:
            bits += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _jpeg(frame: int, precision: int, shape: tuple[int, int], scan: bytes, selection: bytes, quantised: bool) -> bytes:
    sizes = bytes(4) + bytes([17]) + bytes(11) + bytes(range(17))
    tables = _segment(0xC4, b"\0" + sizes)
    if quantised:
        tables += _segment(0xDB, b"\x10" + b"\0\x08" + b"\0\x01" * 63)
        tables += _segment(0xC4, b"\x10" + bytes([1]) + bytes(15) + b"\0")  # AC: one code, end of block
    header = bytes([precision]) + shape[0].to_bytes(2, "big") + shape[1].to_bytes(2, "big") + b"\x01\x01\x11\0"
    return (
        b"\xff\xd8" + tables + _segment(frame, header) + _segment(0xDA, b"\x01\x01\0" + selection) + scan + b"\xff\xd9"
    )


def lossless_jpeg(v: np.ndarray, bits: int) -> bytes:
    """Process 14, selection value 1: each pixel against its left neighbour, a row's first against the one above."""
    differences = []
    for row, column in np.ndindex(*v.shape):
        before = v[row, column - 1] if column else v[row - 1, 0] if row else 1 << (bits - 1)
        differences.append((int(v[row, column]) - int(before) + 32768) % 65536 - 32768)
    return _jpeg(0xC3, bits, v.shape, _huffman(differences), b"\x01\0\0", quantised=False)


def blocks_jpeg(levels: np.ndarray) -> bytes:
    """12-bit sequential JPEG of blocks that are one grey each, `levels` of them."""
    bits, before = "", 0
    for level in levels.ravel() - 2048:  # a block's DC is 8 times its level, quantised by 8
        size = abs(int(level) - before).bit_length()
        difference = int(level) - before
        bits += f"{size:05b}" + (
            f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}" if size else ""
        )
        bits += "0"
        before = int(level)
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    shape = (levels.shape[0] * 8, levels.shape[1] * 8)
    return _jpeg(0xC1, 12, shape, scan, b"\0\x3f\0", quantised=True)


def compressed(dataset: Dataset, syntax: str, codestream: bytes) -> Dataset:
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_lossless_jpeg(tmp_path: Path, bits: int) -> None:
    v = values_of(bits, False, bits)
    path = written(compressed(film(v, bits), JPEGLosslessSV1, lossless_jpeg(v, bits)), tmp_path / "film")
    np.testing.assert_allclose(display_values(pydicom.dcmread(path)), v / ((1 << bits) - 1), atol=1e-12)
    assert decode(path).max() == 255


def test_extended_jpeg(tmp_path: Path) -> None:
    levels = np.asarray([[0, 1000, 4095], [2048, 17, 3000]])
    v = np.kron(levels, np.ones((8, 8), np.int64))
    path = written(compressed(film(v, 12), JPEGExtended12Bit, blocks_jpeg(levels)), tmp_path / "film")
    if importlib.util.find_spec("libjpeg") is None:
        with pytest.raises(FilmError, match="jpeg12"):
            decode(path)
        return
    np.testing.assert_allclose(display_values(pydicom.dcmread(path)), v / 4095, atol=2 / 4095)


def test_baseline_jpeg(tmp_path: Path) -> None:
    v = np.asarray(Image.linear_gradient("L").resize((64, 64)), np.int64)
    stream = io.BytesIO()
    Image.fromarray(v.astype(np.uint8)).save(stream, "JPEG", quality=95)
    path = written(compressed(film(v, 8, WindowCenter=128, WindowWidth=256), JPEGBaseline8Bit, stream.getvalue()),
                   tmp_path / "film")  # fmt: skip
    assert np.abs(decode(path).astype(int) - v).max() < 5


@pytest.mark.parametrize("name", ["MR_small_jpeg_ls_lossless", "MR_small_jp2klossless", "MR_small_RLE",
                                  "MR_small_bigendian", "MR_small_implicit"])  # fmt: skip
def test_files_of_other_writers(name: str) -> None:
    """Those that pydicom brings, JPEG-LS among them: all hold the same picture."""
    plain, other = get_testdata_file("MR_small.dcm", download=False), get_testdata_file(f"{name}.dcm", download=False)
    if not plain or not other:
        pytest.skip("this pydicom comes without its test files")
    np.testing.assert_array_equal(decode(str(other)), decode(str(plain)))


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colour_becomes_luma(tmp_path: Path, photometric: str) -> None:
    grey = values_of(8, False, 5).astype(np.uint8)
    colours = [grey] * 3 if photometric == "RGB" else [grey, np.full_like(grey, 128), np.full_like(grey, 128)]
    dataset = film(grey.astype(np.int64), 8, SamplesPerPixel=3, PlanarConfiguration=0,
                   PhotometricInterpretation=photometric)  # fmt: skip
    dataset.PixelData = np.stack(colours, -1).tobytes()
    path = written(dataset, tmp_path / "film")
    assert np.abs(decode(path).astype(int) - grey).max() <= 1
    np.testing.assert_allclose(display_values(pydicom.dcmread(path)), grey / 255, atol=2 / 255)


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_tables_as_bytes(tmp_path: Path, bits: int, syntax: str) -> None:
    """LUT Data as OW; a depth that the descriptor understates; entries of eight bits, two to a word."""
    v = RAMP
    entries = np.arange(120) * ((1 << bits) - 1) // 119
    sequence = table(0, entries, bits if bits > 8 else 8)
    order = "<" if syntax == ExplicitVRLittleEndian else ">"
    body = (
        entries.astype(f"{order}u2").tobytes()
        if bits > 8
        else entries.astype("u1").view("<u2").astype(f"{order}u2").tobytes()
    )
    sequence[0].add_new(0x00283006, "OW", body)
    found = display_values(pydicom.dcmread(written(film(v, 8, syntax=syntax, VOILUTSequence=sequence), tmp_path / "f")))
    np.testing.assert_allclose(found, entries.reshape(RAMP.shape) / ((1 << bits) - 1))
    understated = film(v, 8, VOILUTSequence=table(0, np.arange(120) * 34, 8))
    np.testing.assert_allclose(display_values(understated), v * 34 / 4095)


def test_without_preamble(tmp_path: Path) -> None:
    v = values_of(12, False, 2)
    for syntax in NATIVE[:3]:
        whole = written(film(v, 12, syntax=syntax), tmp_path / "whole").read_bytes()
        (tmp_path / "meta.png").write_bytes(whole[132:])
        np.testing.assert_array_equal(decode(tmp_path / "meta.png"), decode(tmp_path / "whole"))
        start = 132 + 12 + int.from_bytes(whole[140:144], "little")
        (tmp_path / "bare.png").write_bytes(whole[start:])
        np.testing.assert_array_equal(decode(tmp_path / "bare.png"), decode(tmp_path / "whole"))
    assert read_film(tmp_path / "bare.png", 32).shape == (32, 32)


def test_a_file_torn_in_its_header_has_one_reason_wherever_it_is_torn(tmp_path: Path) -> None:
    tags = {"PatientID": "P1", "ViewPosition": "PA", "BodyPartExamined": "CHEST"}
    whole = written(film(RAMP, 12, **tags), tmp_path / "whole").read_bytes()
    start = whole.rindex(b"\xe0\x7f\x10\x00")  # of the element of the pixels
    reasons = set()
    for end in range(132, start + 4):
        (tmp_path / "torn.dcm").write_bytes(whole[:end])
        for read in (decode, read_header):
            with pytest.raises(FilmError) as error:
                read(tmp_path / "torn.dcm")
            reasons.add(str(error.value))
    assert reasons == {"it is a DICOM file that ends before its pixels"}


HOSTILE = {
    "frames": (lambda d: setattr(d, "NumberOfFrames", 3), "3 frames"),
    "huge": (lambda d: (setattr(d, "Rows", 60000), setattr(d, "Columns", 60000)), "60000 x 60000"),
    "short": (lambda d: setattr(d, "PixelData", d.PixelData[:50]), "cut short"),
    "no pixels": (lambda d: delattr(d, "PixelData"), "ends before its pixels"),
    "no rows": (lambda d: delattr(d, "Rows"), "without an image"),
    "no columns": (lambda d: setattr(d, "Columns", 0), "without an image"),
    "palette": (lambda d: setattr(d, "PhotometricInterpretation", "PALETTE COLOR"), "colour model"),
    "no photometric": (lambda d: delattr(d, "PhotometricInterpretation"), "colour model"),
    "deep": (lambda d: setattr(d, "BitsAllocated", 32), "8 to 16 bits"),
    "bits": (lambda d: setattr(d, "BitsAllocated", 12), "8 to 16 bits"),
    "padding": (lambda d: (setattr(d, "PixelPaddingValue", 0), setattr(d, "PixelPaddingRangeLimit", 4095)), "padding"),
    "lut": (lambda d: setattr(d, "VOILUTSequence", _short()), "lookup table is cut short"),
}  # fmt: skip


def _short() -> Sequence:
    sequence = table(0, np.arange(4), 12)
    sequence[0].LUTDescriptor = [400, 0, 12]
    return sequence


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_refused_says_why(tmp_path: Path, kind: str) -> None:
    change, reason = HOSTILE[kind]
    dataset = film(values_of(12, False, 1), 12, WindowCenter=100, WindowWidth=50)
    change(dataset)
    with pytest.raises(FilmError, match=reason) as caught:
        decode(written(dataset, tmp_path / "film.dcm"))
    assert "\n" not in str(caught.value)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_cut_anywhere(tmp_path: Path, syntax: str) -> None:
    dataset = film(np.random.default_rng(0).integers(0, 4096, (40, 40)), 12)
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    body = written(dataset, tmp_path / "whole").read_bytes()
    for end in (131, 132, 140, 200, 300, 400, 500, len(body) // 2, len(body) - 400):
        (tmp_path / "cut.dcm").write_bytes(body[:end])
        with pytest.raises(FilmError):
            decode(tmp_path / "cut.dcm")


def test_damage_never_escapes(tmp_path: Path) -> None:
    """Flipped bytes give a picture or a reason, and no other exception."""
    body = written(film(values_of(12, False, 1), 12, WindowCenter=5, WindowWidth=9), tmp_path / "whole").read_bytes()
    dice = np.random.default_rng(4)
    for _ in range(150):
        damaged = bytearray(body)
        for place in dice.integers(132, len(body), 4):
            damaged[place] = dice.integers(256)
        (tmp_path / "film").write_bytes(damaged)
        with contextlib.suppress(FilmError):
            assert decode(tmp_path / "film").dtype == np.uint8


def test_a_codestream_larger_than_its_tags(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("L", (64, 64)).save(stream, "JPEG")
    body = bytearray(stream.getvalue())
    place = body.index(b"\xff\xc0")
    body[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    path = written(compressed(film(values_of(8, False, 0), 8), JPEGBaseline8Bit, bytes(body)), tmp_path / "film")
    with pytest.raises(FilmError, match="65535 x 65535"):
        decode(path)


def test_a_deflated_bomb(tmp_path: Path) -> None:
    path = written(film(values_of(8, False, 0), 8, syntax=DeflatedExplicitVRLittleEndian), tmp_path / "film")
    meta = path.read_bytes()
    start = 132 + 12 + int.from_bytes(meta[140:144], "little")
    squeeze = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = bytes(1 << 22)
    with path.open("wb") as stream:
        stream.write(meta[:start])
        stream.writelines(squeeze.compress(block) for _ in range(70))
        stream.write(squeeze.flush())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FilmError, match="inflates"):
        decode(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_header(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = film(values_of(12, False, 0), 12, ViewPosition="AP", PatientPosition="HFS", PatientSex="F",
                   PatientAge="067Y", Manufacturer="Maker", InstitutionName="House", BodyPartExamined="CHEST",
                   ImageLaterality="U")  # fmt: skip
    path = written(dataset, tmp_path / "film")
    with caplog.at_level(logging.DEBUG):
        header = read_header(path, salt=b"salt")
        decode(path)
    assert header.patient == deidentified("MRN-77", b"salt") != deidentified("MRN-77", b"other")
    assert (header.view, header.sex, header.age) == ("AP supine", "F", "67")
    assert (header.manufacturer, header.institution, header.modality) == ("Maker", "House", "DX")
    assert (header.body_part, header.laterality, header.sop_class) == (
        "CHEST",
        "U",
        DigitalXRayImageStorageForPresentation,
    )
    assert (header.rows, header.columns, header.bits_stored, header.encoding) == (
        *SHAPE,
        12,
        "Explicit VR Little Endian",
    )
    assert "MRN-77" not in repr(header) + caplog.text
    assert "Doe" not in repr(header) + caplog.text
    assert read_header(path, raw=True).patient == "MRN-77"
    assert why_not_chest_film(header) == ""


def test_the_salt_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(film(values_of(8, False, 0), 8), tmp_path / "film")
    hashes = []
    for cache in ("one", "one", "two"):
        monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / cache))
        hashes.append(read_header(path).patient)
    assert hashes[0] == hashes[1] != hashes[2]
    assert (tmp_path / "one" / "patients.salt").stat().st_mode & 0o777 == 0o600
    assert deidentified(" ", b"salt") == ""


@pytest.mark.parametrize(("tags", "age"), [
    ({"PatientAge": "011M"}, "0"), ({"PatientAge": "045"}, "45"), ({}, ""), ({"PatientAge": "old"}, ""),
    ({"PatientBirthDate": "19800615", "StudyDate": "20200614"}, "39"),
    ({"PatientBirthDate": "20300615", "StudyDate": "20200614"}, ""),
])  # fmt: skip
def test_age(tmp_path: Path, tags: dict[str, str], age: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = film(values_of(8, False, 0), 8, **tags)
    assert read_header(written(dataset, tmp_path / "film")).age == age


@pytest.mark.parametrize(("tags", "view"), [
    ({"ViewPosition": "PA", "PatientPosition": "HFS"}, "PA"), ({"ViewPosition": "LL"}, "LL"),
    ({"PatientPosition": "FFS"}, "AP supine"), ({"SeriesDescription": "Thorax PA"}, "PA"),
    ({"SeriesDescription": "Chest_LAT"}, "LAT"), ({"SeriesDescription": "PA and LAT"}, ""), ({}, ""),
])  # fmt: skip
def test_view(tmp_path: Path, tags: dict[str, str], view: str) -> None:
    assert read_header(written(film(values_of(8, False, 0), 8, **tags), tmp_path / "film")).view == view


@pytest.mark.parametrize(("fields", "reason"), [
    ({}, ""), ({"modality": "CR", "view": "PA", "body_part": "THORAX"}, ""),
    ({"modality": "CT"}, "is CT"), ({"sop_class": CTImageStorage, "sop_name": "CT Image Storage"}, "CT Image Storage"),
    ({"modality": "MR"}, "is MR"), ({"modality": "US"}, "is US"),
    ({"view": "LL"}, ""), ({"frames": 3}, "frames"), ({"body_part": "KNEE"}, "KNEE"),
    ({"modality": "OT", "sop_class": SecondaryCaptureImageStorage}, "secondary capture"),
    ({"modality": "CR", "sop_class": SecondaryCaptureImageStorage, "view": "AP", "body_part": "CHEST"}, ""),
])  # fmt: skip
def test_why_not(fields: dict[str, Any], reason: str) -> None:
    said = why_not_chest_film(DicomHeader(**fields))
    assert reason in said
    assert bool(said) == bool(reason)


@pytest.mark.parametrize(("said", "view"), [
    ("LL", "lateral"), ("LAT", "lateral"), ("Left Lateral", "lateral"), ("RAO", "oblique"), ("AP supine", ""), ("", ""),
])  # fmt: skip
def test_other_views_are_named_by_their_tag(said: str, view: str) -> None:
    found, reason = other_view(DicomHeader(view=said))
    assert found == view
    assert bool(reason) == bool(view)
    assert said in reason or not view


def test_no_header_in_what_is_no_dicom(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a film, but long enough to be read as one")
    for name, reason in (("text", "."), ("missing", "no such file")):
        with pytest.raises(FilmError, match=reason):
            read_header(tmp_path / name)
