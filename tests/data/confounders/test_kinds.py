"""Each kind's features against what they are said to be."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cxrtui.data.confounders.columns import Columns, design, numeric
from cxrtui.data.confounders.film import packed, unpacked
from cxrtui.data.confounders.frame import strips
from cxrtui.data.confounders.jobs import as_seen
from cxrtui.data.confounders.kinds import KINDS, border, histogram, marker, sharpness
from cxrtui.data.confounders.kinds.compression import quality_of, read_encoding
from cxrtui.data.confounders.kinds.kind import Pixels
from cxrtui.data.confounders.kinds.name import pattern
from cxrtui.data.phantoms import plant


def _smooth(height: int = 200, width: int = 240) -> Pixels:
    """A smooth image without structure: greys from 60 to 160."""
    return np.rint(60 + 100 * np.linspace(0, 1, height)[:, None] * np.linspace(0, 1, width)[None, :]).astype(np.uint8)


def _noise(deviation: float, size: int = 256) -> Pixels:
    drawn = np.random.default_rng(0).normal(120, deviation, (size, size))
    return np.rint(drawn).clip(0, 255).astype(np.uint8)


def test_the_frame_has_each_pixel_of_the_outer_tenth_once() -> None:
    image = np.arange(40 * 60, dtype=np.int64).reshape(40, 60).astype(np.uint16)
    held = np.concatenate([strip.ravel() for strip in strips(image)])  # type: ignore[arg-type]
    inner = image[4:-4, 6:-6].ravel()
    assert len(set(held.tolist())) == len(held)
    assert set(held.tolist()) == set(image.ravel().tolist()) - set(inner.tolist())


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1])
def test_a_black_border_is_as_wide_as_it_is(share: float) -> None:
    image = _noise(20).copy()
    wide = round(256 * share)
    if wide:
        image[:, -wide:] = 0
    found = border.measure(image)
    assert found["right border"] == pytest.approx(share, abs=0.005)
    assert found["left border"] == found["top border"] == 0.0
    assert found["right mean"] == (0.0 if wide else pytest.approx(120, abs=3))


def test_greys_of_the_lungs_do_not_count() -> None:
    image = _smooth()
    other = image.copy()
    other[40:-40, 40:-40] = 255
    for kind in (histogram, sharpness):
        assert kind.measure(image) == kind.measure(other)
    assert histogram.measure(np.full((50, 50), 7, np.uint8))["quantile 50"] == 7
    stretched = (np.arange(256) * 2).clip(0, 255).astype(np.uint8)[_smooth()]
    assert histogram.measure(stretched)["unused"] > 0.4 > histogram.measure(image)["unused"]  # type: ignore[operator]


def test_noise_is_measured_in_greys_and_blur_takes_the_high_frequencies() -> None:
    found = {deviation: sharpness.measure(_noise(deviation)) for deviation in (4, 8)}
    for deviation, values in found.items():
        assert values["noise"] == pytest.approx(deviation, rel=0.1)
    blurred = np.asarray(Image.fromarray(_noise(8)).reduce(2).resize((256, 256), Image.Resampling.BILINEAR))
    soft = sharpness.measure(blurred)
    assert soft["band 5"] < found[8]["band 5"] - 1  # type: ignore[operator]
    assert sharpness.measure(np.full((256, 256), 9, np.uint8))["band 0"] is None
    out = io.BytesIO()
    Image.fromarray(_noise(20)).save(out, "JPEG", quality=10)
    assert sharpness.measure(np.asarray(Image.open(out)))["blocks"] > 1.5  # type: ignore[operator]


def test_text_is_found_where_it_is_and_shoulders_are_not() -> None:
    image = _smooth(256, 256)
    plain = marker.measure(image)
    assert set(plain.values()) == {0.0}
    marked, _ = plant.altered(image, np.zeros(image.shape, bool), frozenset({"marker"}))
    found = marker.measure(marked)
    assert found["bright 20"] > 5  # type: ignore[operator]
    assert found["bright count"] >= 2  # type: ignore[operator]  # letters may touch
    assert found["bright 00"] == found["bright 02"] == found["bright 22"] == 0.0


def test_an_image_of_any_size_has_the_same_features_in_the_same_order() -> None:
    images = [
        _noise(30),
        _noise(30, 40),
        _smooth(33, 300),
        np.full((9, 8), 3, np.uint8),
        np.full((300, 40), 3, np.uint8),
    ]
    for kind in KINDS:
        if kind.measure is not None:
            assert kind.names
            assert {tuple(kind.measure(image)) for image in images} == {kind.names}
    assert unpacked(packed([1.5, None])).tolist()[0] == 1.5
    assert np.isnan(unpacked(packed([1.5, None]))[1])


def test_an_opening_is_that_of_scipy() -> None:
    from scipy import ndimage

    image = _noise(40, 90)[:, :70]
    for width in (3, 11):
        theirs = ndimage.grey_opening(image, width, mode="nearest")
        inner = np.s_[width:-width, width:-width]
        np.testing.assert_array_equal(marker.opened(image, width)[inner], theirs[inner])
        assert marker.opened(image, width).shape == image.shape


@pytest.mark.parametrize("quality", [30, 40, 75, 92])
def test_quality_is_what_the_file_was_saved_with(quality: int) -> None:
    out = io.BytesIO()
    Image.fromarray(_smooth()).save(out, "JPEG", quality=quality, comment=b"x")
    out.seek(0)
    facts, found = read_encoding(out)
    assert found == pytest.approx(quality, abs=1)
    assert facts["type"] == "JPEG"
    assert "comment" in facts["metadata"]
    with Image.open(out) as image:
        assert quality_of(image.quantization[0]) == found  # type: ignore[attr-defined]


def test_names_keep_their_pattern_and_lose_their_words() -> None:
    assert [pattern(stem) for stem in ("00000013_026", "covid-19 (3)", "Ö1")] == ["0_0", "a-0 (0)", "a0"]


def test_an_image_is_measured_as_the_network_sees_it() -> None:
    import jax.numpy as jnp

    from cxrtui.data.augment import resample

    stored = _noise(30)
    theirs = np.asarray(resample(jnp.asarray(stored[None]), 224))[0, :, :, 0] * 255
    ours = as_seen(stored, 224).astype(float)
    assert ours.shape == (224, 224)
    assert np.abs(ours - theirs).max() < 1.01


def test_the_matrix_has_ranks_words_and_what_is_missing() -> None:
    columns = Columns(
        numbers={"age": [30.0, 60.0, None, 90.0, 40.0, None], "same": [1.0] * 6},
        words={"view": ["PA", "PA", "PA", "AP", "AP", "AP"], "path": list("abcdef")},
    )
    patients = list("123456")
    matrix = design(columns, patients)
    np.testing.assert_allclose(matrix.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(matrix.std(0), 1)
    assert matrix.shape == (6, 5)  # rank, its square, missing; PA, AP: a word of one film has no column
    larger = Columns(numbers={"age": [30.0, 60.0, None, 9e9, 40.0, None]})
    np.testing.assert_array_equal(design(larger, patients), design(Columns({"age": columns.numbers["age"]}), patients))
    assert design(Columns(words={"view": ["PA"] * 6}), patients).shape == (6, 0)
    of_one = Columns(words={"word": ["x", "x", "x", "", "", ""]})
    assert design(of_one, ["1", "1", "1", "2", "2", "2"]).shape == (6, 0)  # a patient is no pattern
    assert np.isnan(numeric(columns)[2, 0])
