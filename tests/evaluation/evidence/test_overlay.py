"""The picture of a heat map: its colours, the lines below it, and its text for programs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cxrtui import RESEARCH_ONLY
from cxrtui.evaluation.evidence import colours
from cxrtui.evaluation.evidence.overlay import Caption, draw, png
from cxrtui.evaluation.evidence.place import Place

CAPTION = Caption("run", "COVID-19", "COVID-19", 0.973, 0.5, "gradcam", "stage4")
STRETCH = Place(224, 256, "stretch", 32)


def test_colours_rise_in_lightness() -> None:
    lightness = colours.TABLE.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) >= -0.5).all()
    assert lightness[-1] - lightness[0] > 150


def test_only_evidence_for_the_positive_class_is_coloured() -> None:
    film = np.full((2, 2), 100, np.uint8)
    heat = np.array([[4, 2], [0, -8]], np.float32)
    drawn = colours.strength(heat, colours.peak(heat))
    np.testing.assert_allclose(drawn, [[0.5, 0.25], [0, 0]])
    mixed = colours.blend(film, drawn, 0.5)
    assert (mixed[1] == 100).all()
    np.testing.assert_allclose(mixed[0, 0], (100 + colours.TABLE[128].astype(float)) / 2, atol=1)
    assert (colours.blend(film, drawn, 0.0) == 100).all()
    assert not colours.strength(np.zeros((2, 2), np.float32), 0.0).any()


def test_a_layer_over_a_film_is_the_same_picture() -> None:
    drawn = np.random.default_rng(0).random((5, 4), np.float32)
    film = np.full((5, 4), 90, np.uint8)
    layer = colours.layer(drawn)
    assert layer.shape == (5, 4, 4)
    alpha = layer[..., 3:].astype(float) / 255 * 0.7
    expected = 90 * (1 - alpha) + layer[..., :3] * alpha
    np.testing.assert_allclose(colours.blend(film, drawn, 0.7), expected, atol=1.5)


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (2000, 1500), (96, 96)])
def test_any_film_has_a_picture_with_its_lines(shape: tuple[int, int]) -> None:
    cells = np.random.default_rng(0).normal(size=(7, 7)).astype(np.float32)
    picture = draw(np.full(shape, 50, np.uint8), cells, STRETCH, CAPTION)
    height, width = shape
    scale = min(1024, max(512, *shape)) / max(shape)
    assert picture.width == max(400, round(width * scale))
    assert picture.height > round(height * scale)
    below = np.asarray(picture)[round(height * scale) :]
    assert (below.max(axis=(1, 2)) > 200).sum() > 20


def test_the_warmest_place_of_the_picture_is_that_of_the_map() -> None:
    cells = np.zeros((7, 7), np.float32)
    cells[1, 4] = 2.0
    picture = np.asarray(draw(np.full((600, 600), 60, np.uint8), cells, STRETCH, CAPTION)).astype(int)[:600]
    yellow = picture[..., 1] - picture[..., 2]
    down, across = np.unravel_index(yellow.argmax(), yellow.shape)
    assert abs(down - (32 * 1 + 0.5) / 224 * 600) < 15
    assert abs(across - (32 * 4 + 0.5) / 224 * 600) < 15


def test_what_the_network_did_not_see_is_darker_and_without_colour() -> None:
    cells = np.ones((7, 7), np.float32)
    picture = np.asarray(draw(np.full((600, 1000), 100, np.uint8), cells, Place(224, 256, "crop", 32), CAPTION))
    assert (picture[300, [50, 950]] == 45).all()
    assert len(set(picture[300, 500].tolist())) > 1


def test_the_lines_say_answer_meaning_and_no_diagnosis() -> None:
    answer, meaning, last = CAPTION.lines()
    assert answer == "predicted: COVID-19   COVID-19 97.3 %, threshold 50 %"
    assert meaning == "Grad-CAM of stage4, in colour: what speaks for COVID-19"
    assert last == RESEARCH_ONLY
    chinese = Caption("run", "正常", "肺炎", 0.1, 0.5, "hirescam", "stage3").lines()
    assert chinese[0] == "predicted: the negative class   the positive class 10.0 %, threshold 50 %"
    assert all(line.isascii() for line in chinese)


def test_a_picture_carries_its_origin_as_text() -> None:
    picture = draw(np.full((9, 9), 50, np.uint8), np.zeros((2, 2), np.float32), STRETCH, CAPTION)
    with Image.open(io.BytesIO(png(picture, "films/\x1b[31m肺.png", CAPTION))) as read:
        text = read.text  # type: ignore[attr-defined]
    assert text["Description"].startswith(RESEARCH_ONLY)
    assert text["Film"] == "films/\\x1b[31m肺.png"
    assert (text["Predicted"], text["Probability"], text["Threshold"]) == ("COVID-19", "0.973000", "0.5")
    assert text["Method"] == "Grad-CAM of stage4"
