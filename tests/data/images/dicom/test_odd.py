"""DICOM whose tags are missing, wrong, or at odds with the pixels: the film is seen, and the user hears of it."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cxrtui.data.images.decode import Decoded, decode_with_notes
from cxrtui.errors import FilmError
from tests.data.images.dicom.test_dicom import blocks_jpeg, compressed, film, lossless_jpeg, table, written
from tests.data.images.test_deep import film as smooth
from tests.data.images.test_deep import seen

pytestmark = pytest.mark.slow

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
            RLELossless, JPEG2000Lossless, JPEGLosslessSV1)  # fmt: skip
INVERSE = pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])


def own_range(values: np.ndarray, photometric: str = "MONOCHROME2") -> np.ndarray:
    grey = np.rint((values - values.min()) / np.ptp(values) * 255)
    return 255 - grey if photometric == "MONOCHROME1" else grey


def read(dataset: Dataset, folder: Path) -> Decoded:
    return decode_with_notes(written(dataset, folder / "film.dcm"))


def close(found: np.ndarray, expected: np.ndarray, most: int = 1) -> None:
    assert np.abs(found.astype(int) - expected).max() <= most


def pressed(dataset: Dataset, syntax: str, values: np.ndarray, bits: int) -> Dataset:
    """The data set in another transfer syntax."""
    if syntax == JPEGLosslessSV1:
        return compressed(dataset, syntax, lossless_jpeg(values & ((1 << bits) - 1), bits))
    if syntax in (RLELossless, JPEG2000Lossless):
        dataset.compress(syntax, generate_instance_uid=False)
    return dataset


# What is seen.


@INVERSE
@pytest.mark.parametrize(("deep", "said"), [(8, 12), (10, 12), (12, 12), (8, 16), (10, 16), (12, 16), (14, 16)])
@pytest.mark.parametrize("packed", [False, True])
def test_white_of_a_table_that_overstates_is_its_largest_entry(
    tmp_path: Path, photometric: str, deep: int, said: int, packed: bool
) -> None:
    values, top = smooth(4095), (1 << deep) - 1
    entries = np.rint(np.linspace(0, 1, 4096) ** 2 * top).astype(np.int64)
    sequence = table(0, entries, said)
    if packed:
        sequence[0].add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    found = read(film(values, 12, VOILUTSequence=sequence, PhotometricInterpretation=photometric), tmp_path)
    expected = np.rint(entries[values] / top * 255)
    close(found.values, 255 - expected if photometric == "MONOCHROME1" else expected)
    assert found.notes == ()


def test_a_table_within_its_depth_keeps_the_depth_as_white(tmp_path: Path) -> None:
    entries = np.linspace(0, 3000, 4096).astype(np.int64)
    found = read(film(smooth(4095), 12, VOILUTSequence=table(0, entries, 12)), tmp_path)
    close(found.values, np.rint(entries[smooth(4095)] / 4095 * 255))


@INVERSE
@pytest.mark.parametrize("shape", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("window", [(90_000, 100), (-5000, 100), (9000, 1), (-0.5, 1.5), (50_000, 40), (2000, 1e9)])
@pytest.mark.parametrize("signed", [False, True])
def test_a_window_that_leaves_nothing(
    tmp_path: Path, photometric: str, shape: str, window: tuple[float, float], signed: bool
) -> None:
    values = smooth(4095) - 1000 * signed
    centre = window[0] - 2000 * (signed and window[0] < 0)
    found = read(film(values, 13, PhotometricInterpretation=photometric, WindowCenter=centre, WindowWidth=window[1],
                      VOILUTFunction=shape), tmp_path)  # fmt: skip
    close(found.values, own_range(values, photometric))
    assert len(found.notes) == 1
    assert "own range" in found.notes[0]


def test_a_window_that_only_a_hot_pixel_reaches(tmp_path: Path) -> None:
    values = smooth(4095)
    values[3, 3] = 60_000
    found = read(film(values, 16, WindowCenter=60_000, WindowWidth=1000), tmp_path)
    values[3, 3] = 4095
    close(found.values, own_range(values))
    assert "own range" in found.notes[0]


@INVERSE
@pytest.mark.parametrize("entry", [0, 700, 4095])
def test_a_table_that_leaves_one_grey(tmp_path: Path, photometric: str, entry: int) -> None:
    flat = table(0, np.full(4096, entry), 12)
    values = smooth(4095)
    tags = {"PhotometricInterpretation": photometric, "WindowCenter": 10, "WindowWidth": 5}
    for keyword in ("VOILUTSequence", "ModalityLUTSequence"):
        found = read(film(values, 12, **tags, **{keyword: flat}), tmp_path)
        close(found.values, own_range(values, photometric))
        assert len(found.notes) == 1


@pytest.mark.parametrize(("tags", "note"), [
    ({"RescaleSlope": 0, "RescaleIntercept": 5}, "Rescale Slope"), ({"RescaleIntercept": -1000}, "Rescale Slope"),
    ({"RescaleSlope": 2}, "Rescale Intercept"), ({"VOILUTFunction": "CUBIC"}, ""),
    ({"WindowCenter": 100, "WindowWidth": 0}, "own range"), ({"WindowCenter": 100, "WindowWidth": -5}, "own range"),
    ({"WindowCenter": 0, "WindowWidth": 0}, ""), ({"WindowCenter": 2000, "WindowWidth": None}, "own range"),
])  # fmt: skip
def test_tags_of_tone_that_cannot_be(tmp_path: Path, tags: dict[str, Any], note: str) -> None:
    found = read(film(smooth(4095), 12, **tags), tmp_path)
    close(found.values, own_range(smooth(4095)))
    assert (len(found.notes) == 1 and note in found.notes[0]) if note else found.notes == ()


def test_an_unknown_function_is_linear(tmp_path: Path) -> None:
    tags = {"WindowCenter": 2000, "WindowWidth": 3000}
    plain = read(film(smooth(4095), 12, **tags), tmp_path)
    odd = read(film(smooth(4095), 12, VOILUTFunction="CUBIC", **tags), tmp_path)
    np.testing.assert_array_equal(plain.values, odd.values)
    assert "VOI LUT Function" in odd.notes[0]
    lower = read(film(smooth(4095), 12, VOILUTFunction="LINEAR EXACT", **tags), tmp_path)
    close(lower.values, np.rint(((smooth(4095) - 2000) / 3000 + 0.5).clip(0, 1) * 255))
    assert lower.notes == ()


@INVERSE
@pytest.mark.parametrize(("hot", "count"), [(65535, 3), (6000, 3), (0, 3), (65535, 38), (0, 38)])
def test_hot_and_dead_pixels_do_not_decide_the_range(tmp_path: Path, photometric: str, hot: int, count: int) -> None:
    """A few of them, or a mark, a line."""
    values = smooth(4000) + 20_000 * (hot == 0)
    changed = values.copy()
    changed.flat[np.linspace(5, 1900, count).astype(int)] = hot
    found = read(film(changed, 16, PhotometricInterpretation=photometric), tmp_path).values
    same = changed == values
    close(found[same], own_range(values, photometric)[same])


@INVERSE
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEG2000Lossless])
def test_one_grey_is_no_film(tmp_path: Path, photometric: str, padded: bool, syntax: str) -> None:
    values = np.full((40, 41), 700)
    tags: dict[str, Any] = {"PhotometricInterpretation": photometric, "WindowCenter": 600, "WindowWidth": 500}
    if padded:
        values[:5] = 0
        tags["PixelPaddingValue"] = 0
    dataset = pressed(film(values, 12, **tags), syntax, values, 12)
    with pytest.raises(FilmError, match="uniform"):
        read(dataset, tmp_path)
    colour = film(values & 255, 8, SamplesPerPixel=3, PlanarConfiguration=0, PhotometricInterpretation="RGB")
    colour.PixelData = bytes([200]) * values.size * 3
    with pytest.raises(FilmError, match="uniform"):
        read(colour, tmp_path)


@INVERSE
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 702, "WindowWidth": 4}])
def test_noise_and_a_mark_are_no_film(tmp_path: Path, photometric: str, window: dict[str, int]) -> None:
    """By its own range, or in a narrow window, the noise would be seen."""
    values = np.rint(np.random.default_rng(0).normal(700, 0.8, (60, 60))).astype(np.int64)
    values[4:10, 4:14] = 4095
    with pytest.raises(FilmError, match="uniform"):
        read(film(values, 12, PhotometricInterpretation=photometric, **window), tmp_path)


@pytest.mark.parametrize("said", [0, 17, 32])
def test_a_table_whose_depth_cannot_be(tmp_path: Path, said: int) -> None:
    entries = np.linspace(0, 4095, 4096).astype(np.int64)
    found = read(film(smooth(4095), 12, VOILUTSequence=table(0, entries, said)), tmp_path)
    close(found.values, seen(smooth(4095), 4095))


@pytest.mark.parametrize(("tag", "vr", "value", "note"), [
    (0x00280101, "US", 17, "Bits Stored"), (0x00280101, "US", [12, 16], ""), (0x00280103, "US", [0, 1], ""),
    (0x00280004, "CS", ["MONOCHROME2", "MONOCHROME1"], ""), (0x00281050, "LO", "2048,0", "no numbers"),
])  # fmt: skip
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_values_that_are_several_or_cannot_be(
    tmp_path: Path, syntax: str, tag: int, vr: str, value: Any, note: str
) -> None:
    native = syntax not in (RLELossless, JPEG2000Lossless, JPEGLosslessSV1)
    dataset = film(smooth(4095), 12, syntax=syntax if native else ExplicitVRLittleEndian)
    dataset = pressed(dataset, syntax, smooth(4095), 12)
    dataset.pop(tag, None)
    dataset.add_new(tag, vr, value)
    found = read(dataset, tmp_path)
    close(found.values, own_range(smooth(4095)))
    assert note in "".join(found.notes) or (tag == 0x00280101 and syntax in (JPEG2000Lossless, JPEGLosslessSV1))


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_colour_of_16_bits(tmp_path: Path, planar: int, bits: int, syntax: str) -> None:
    values = smooth((1 << bits) - 1)
    dataset = film(values, bits, SamplesPerPixel=3, PlanarConfiguration=planar, PhotometricInterpretation="RGB",
                   syntax=syntax if syntax != RLELossless else ExplicitVRLittleEndian)  # fmt: skip
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    by_plane = planar and syntax != RLELossless  # which is always by plane, whatever the tag
    dataset.PixelData = np.stack([values] * 3, 0 if by_plane else -1).astype(order).tobytes()
    if syntax == RLELossless:
        dataset.PlanarConfiguration = 0
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.PlanarConfiguration = planar
    np.testing.assert_array_equal(read(dataset, tmp_path).values, seen(values, (1 << bits) - 1))


# What is missing.

MISSING = {
    "PixelRepresentation": "unsigned", "BitsStored": "Bits Stored", "SamplesPerPixel": "taken as 1", "HighBit": "",
    "BitsAllocated": "Bits Allocated",
}  # fmt: skip


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("keyword", MISSING)
@pytest.mark.parametrize("empty", [False, True])
def test_missing_tags_take_their_usual_values(tmp_path: Path, syntax: str, keyword: str, empty: bool) -> None:
    native = syntax not in (RLELossless, JPEG2000Lossless, JPEGLosslessSV1)
    values = smooth(4095)
    dataset = film(values, 12, syntax=syntax if native else ExplicitVRLittleEndian, WindowCenter=2048, WindowWidth=4096)
    dataset = pressed(dataset, syntax, values, 12)
    if empty:
        dataset[keyword].value = None
    else:
        delattr(dataset, keyword)
    found = read(dataset, tmp_path)
    close(found.values, seen(values, 4095))
    silent = keyword == "HighBit" or (keyword == "BitsAllocated" and syntax in (JPEG2000Lossless, JPEGLosslessSV1))
    assert len(found.notes) == (not silent)
    assert MISSING[keyword] in "".join(found.notes) or silent


def test_several_missing_at_once(tmp_path: Path) -> None:
    dataset = film(smooth(255), 8)
    for keyword in ("PixelRepresentation", "BitsStored", "SamplesPerPixel", "HighBit", "BitsAllocated"):
        delattr(dataset, keyword)
    found = read(dataset, tmp_path)
    close(found.values, smooth(255))
    assert len(found.notes) == 4


@pytest.mark.parametrize("planes", [1, 3])
def test_planar_configuration_is_by_pixel(tmp_path: Path, planes: int) -> None:
    grey = smooth(255).astype(np.uint8)
    dataset = film(grey.astype(np.int64), 8, SamplesPerPixel=3, PhotometricInterpretation="RGB")
    dataset.PixelData = np.stack([grey, grey, grey], -1).tobytes()
    if planes == 1:
        del dataset.SamplesPerPixel
    found = read(dataset, tmp_path)
    np.testing.assert_array_equal(found.values, grey)
    assert [note.split(" (")[0] for note in found.notes] == ["Samples per Pixel"] * (planes == 1) + [
        "Planar Configuration"
    ]


@pytest.mark.parametrize("spelling", ["monochrome1", "Monochrome1", "MONOCHROME1 ", "MONOCHROME 1", " monochrome1 \0"])
def test_photometric_in_any_case(tmp_path: Path, spelling: str) -> None:
    dataset = film(smooth(4095), 12)
    dataset.PhotometricInterpretation = "MONOCHROME2"
    path = written(dataset, tmp_path / "film")
    element = b"\x28\x00\x04\x00CS"
    body = path.read_bytes()
    place = body.index(element) + 8
    raw = spelling.encode() + b" " * (len(spelling) % 2)
    path.write_bytes(body[: place - 2] + len(raw).to_bytes(2, "little") + raw + body[place + 12 :])
    found = decode_with_notes(path)
    close(found.values, own_range(smooth(4095), "MONOCHROME1"))
    assert len(found.notes) == (spelling.strip() != "MONOCHROME1")


# What the codestream says otherwise.


@INVERSE
@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("windowed", [False, True])
def test_the_sign_of_jpeg_2000_counts(tmp_path: Path, photometric: str, bits: int, windowed: bool) -> None:
    """A signed codestream under tags that say unsigned, and the reverse, both with values beyond the sign."""
    half = 1 << (bits - 1)
    window = {"WindowCenter": 0, "WindowWidth": half} if windowed else {}
    signed = smooth(2 * half - 1) - half
    dataset = film(signed, bits, PhotometricInterpretation=photometric, **window)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    right = read(dataset, tmp_path)
    dataset.PixelRepresentation = 0
    found = read(dataset, tmp_path)
    np.testing.assert_array_equal(found.values, right.values)
    assert (right.notes, len(found.notes)) == ((), 1)
    unsigned = smooth(2 * half - 1)
    dataset = film(unsigned, bits, PhotometricInterpretation=photometric)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.PixelRepresentation = 1
    found = read(dataset, tmp_path)
    close(found.values, own_range(unsigned, photometric))
    assert len(found.notes) == 1


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_words_of_a_signed_film_in_an_unsigned_codestream(tmp_path: Path, bits: int) -> None:
    """A writer that hands its words to the codec as they are: read as unsigned, the film is torn at zero."""
    half = 1 << (bits - 1)
    values = smooth(2 * half - 1) - half
    dataset = film(values & (2 * half - 1), bits)
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    dataset.PixelRepresentation = 1
    found = read(dataset, tmp_path)
    close(found.values, own_range(values))
    assert "the image decides" in found.notes[0]


@pytest.mark.parametrize("stream", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("tags", [8, 10, 12, 16])
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEG2000Lossless, JPEGLSLossless])
def test_the_depth_of_the_codestream_counts(tmp_path: Path, stream: int, tags: int, signed: int, syntax: str) -> None:
    values = smooth((1 << stream) - 1)
    dataset = film(values, stream)
    if syntax == JPEGLSLossless:
        dataset = _jpeg_ls(dataset, tmp_path)
    else:
        dataset = pressed(dataset, syntax, values, stream)
    dataset.BitsStored, dataset.HighBit, dataset.BitsAllocated = tags, tags - 1, 8 if tags == 8 else 16
    dataset.PixelRepresentation = signed
    found = read(dataset, tmp_path)
    if stream == tags and signed and syntax != JPEG2000Lossless:  # nothing disagrees: those words are signed
        values = np.where(values >> (stream - 1), values - (1 << stream), values)
    close(found.values, own_range(values))
    assert any("-bit values and Bits Stored" in note for note in found.notes) or stream <= tags


def _jpeg_ls(dataset: Dataset, folder: Path) -> Dataset:
    import gdcm

    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(written(dataset, folder / "plain.dcm")))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLSLossless))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(folder / "jls.dcm"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return pydicom.dcmread(folder / "jls.dcm")


@pytest.mark.parametrize("tags", [8, 16])
def test_the_segments_of_rle_count(tmp_path: Path, tags: int) -> None:
    values = smooth(255 if tags == 16 else 4095)
    dataset = film(values, 8 if tags == 16 else 12)
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = tags, tags, tags - 1
    found = read(dataset, tmp_path)
    if tags == 16:
        close(found.values, own_range(values))
        assert "Bits Allocated" in found.notes[0]
    else:
        assert "Bits Allocated" in found.notes[0]


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGBaseline8Bit])
def test_the_samples_of_the_codestream_count(tmp_path: Path, syntax: str) -> None:
    grey = smooth(255).astype(np.uint8)
    stream = io.BytesIO()
    kind = "JPEG2000" if syntax == JPEG2000Lossless else "JPEG"
    options = {"no_jp2": True, "irreversible": False} if kind == "JPEG2000" else {"quality": 98}
    Image.fromarray(grey).convert("RGB").save(stream, kind, **options)
    dataset = film(grey.astype(np.int64), 8)
    found = read(compressed(dataset, syntax, stream.getvalue()), tmp_path)
    close(found.values, grey, 4)
    assert "the codestream counts" in found.notes[0]


def test_bits_beyond_those_stored(tmp_path: Path) -> None:
    """Where they are the film's own, the tag is wrong; where they are anything else, they are ignored."""
    found = read(film(smooth(16383), 16, BitsStored=12, HighBit=11), tmp_path)
    close(found.values, own_range(smooth(16383)))
    assert "go beyond the 12 bits" in found.notes[0]
    found = read(film(smooth(4095), 12, garbage=True), tmp_path)
    close(found.values, own_range(smooth(4095)))
    assert "bits beyond the 12" in found.notes[0]
    padded = film(smooth(4095), 12, PixelPaddingValue=65535)
    words = np.frombuffer(padded.PixelData, "<u2").copy()
    words[:9] = 65535
    padded.PixelData = words.tobytes()
    assert read(padded, tmp_path).notes == ()


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_a_missing_sign_is_told_by_a_picture_that_is_torn(tmp_path: Path, bits: int, syntax: str) -> None:
    half = 1 << (bits - 1)
    values = smooth(2 * half - 1) - half
    dataset = film(values, bits, syntax=syntax if syntax != RLELossless else ExplicitVRLittleEndian)
    dataset = pressed(dataset, syntax, values, bits)
    del dataset.PixelRepresentation
    found = read(dataset, tmp_path)
    close(found.values, own_range(values))
    assert "torn as unsigned" in found.notes[-1]


def test_a_missing_sign_hides_no_padding(tmp_path: Path) -> None:
    """In implicit encoding, the sign tells what the padding value is."""
    values = smooth(3000) + 1000
    values[:4] = 0
    path = written(film(values, 12, syntax=ImplicitVRLittleEndian, PixelPaddingValue=0), tmp_path / "film")
    body = path.read_bytes()
    element = b"\x28\x00\x03\x01\x02\x00\x00\x00\x00\x00"
    assert body.count(element) == 1
    path.write_bytes(body.replace(element, b""))
    found = decode_with_notes(path).values
    assert found[:4].max() == 0
    close(found[4:], np.rint((values[4:] - values[4:].min()) / np.ptp(values[4:]) * 255))


def test_two_bytes_where_the_tags_say_one(tmp_path: Path) -> None:
    dataset = film(smooth(4095), 12, BitsAllocated=8, BitsStored=8, HighBit=7)
    with pytest.raises(FilmError, match="two to a sample"):
        read(dataset, tmp_path)


# Reasons.


def test_a_codec_keeps_its_reason_and_names_who_could_read_it(tmp_path: Path) -> None:
    levels = np.asarray([[0, 1000, 4095], [2048, 17, 3000]])
    values = np.kron(levels, np.ones((8, 8), np.int64))
    for stored in (12, 8):
        dataset = compressed(film(values, 12), JPEGExtended12Bit, blocks_jpeg(levels))
        dataset.BitsStored, dataset.HighBit = stored, stored - 1
        if importlib.util.find_spec("libjpeg") is not None:
            close(read(dataset, tmp_path).values, own_range(values))
            continue
        with pytest.raises(FilmError, match=r"12-bit lossy JPEG, .*pip install 'cxrtui\[jpeg12\]' \(.*illow") as caught:
            read(dataset, tmp_path)
        assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLosslessSV1, RLELossless])
def test_damage_is_told_from_what_is_not_read(tmp_path: Path, syntax: str) -> None:
    noise = np.random.default_rng(0).integers(0, 4096, (40, 40))
    dataset = pressed(film(noise, 12), syntax, noise, 12)
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([frame[: len(frame) // 2]])
    with pytest.raises(FilmError, match=r"damaged.*\(.{8,}\)"):
        read(dataset, tmp_path)
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.106"  # MPEG-4
    with pytest.raises(FilmError, match="not read") as caught:
        read(dataset, tmp_path)
    assert "damaged" not in str(caught.value)
