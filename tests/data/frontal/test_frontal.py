"""Frontal films pass, in whatever pose; what is none is refused with the reason."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

from cxrtui.data.frontal import model
from cxrtui.data.frontal.features import COUNT, features
from cxrtui.data.frontal.recognise import REASONS, UNLIKE, View, of_thumbnail, recognise
from cxrtui.data.frontal.reports import oddity, warning
from cxrtui.data.frontal.righting import RIGHTINGS, Righting
from cxrtui.data.frontal.thumbnail import FIRST, SIZE, inner, thumbnail
from cxrtui.data.images.decode import decode, read_film_with_notes


def opened(path: Path) -> Image.Image:
    return Image.fromarray(decode(path))


@pytest.fixture(scope="module")
def phantoms(phantom_films: Path) -> list[Image.Image]:
    return [opened(path) for path in sorted(phantom_films.glob("*/*.png"))[::2]]


def page(light: int, ink: int) -> Image.Image:
    image = Image.new("L", (300, 400), light)
    draw = ImageDraw.Draw(image)
    for line in range(24):
        draw.text((20, 12 + 16 * line), "The lungs are clear; the heart is of normal size."[line % 7 :], ink,
                  ImageFont.load_default(11))  # fmt: skip
    return image


def test_a_righting_undoes_its_pose() -> None:
    film = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    for righting in RIGHTINGS:
        back = Righting((360 - righting.turned) % 360, righting.inverted)
        np.testing.assert_array_equal(np.asarray(righting.apply(back.apply(film))), np.asarray(film))
        assert bool(righting.note) == bool(righting.wrong) == bool(righting)
    clockwise = np.asarray(Righting(90).apply(film))
    np.testing.assert_array_equal(clockwise, np.rot90(np.asarray(film), -1))
    assert Righting(180, True).wrong == "is upside down and is inverted"
    with pytest.raises(ValueError, match="not by 45"):
        Righting(45)


def test_borders_are_cut_off_and_a_dark_film_is_not() -> None:
    rng = np.random.default_rng(0)
    film = np.zeros((FIRST, FIRST), np.uint8)
    film[40:150, 20:160] = rng.integers(60, 200, (110, 140))
    film[4:9, 4:10] = 255  # a letter in the border
    assert inner(film) == (40, 150, 20, 160)
    assert inner(np.full((FIRST, FIRST), 7, np.uint8))[1] > inner(np.full((FIRST, FIRST), 7, np.uint8))[0]
    assert thumbnail(Image.fromarray(film)).shape == (SIZE, SIZE)


def test_features_do_not_depend_on_the_batch_and_are_finite(phantoms: list[Image.Image]) -> None:
    small = np.stack([thumbnail(film) for film in (*phantoms[:5], Image.new("L", (300, 200), 90), page(255, 0))])
    together = features(small)
    assert together.shape == (7, COUNT)
    assert np.isfinite(together).all()
    for place in range(7):
        np.testing.assert_allclose(features(small[place : place + 1])[0], together[place], atol=1e-6)


def test_phantoms_are_frontal_and_righted_in_every_pose(phantoms: list[Image.Image]) -> None:
    assert [recognise(film).refused for film in phantoms] == [""] * len(phantoms)
    assert not any(recognise(film).righting for film in phantoms)
    wrong = total = 0
    for film in phantoms[::7]:
        for righting in RIGHTINGS[1:]:
            back = Righting((360 - righting.turned) % 360, righting.inverted)
            view = recognise(back.apply(film))
            total += 1
            wrong += view.righting != righting
            assert view.refused or view.righting == righting  # never righted to another pose
    assert wrong <= 0.1 * total


def test_what_is_no_film_is_refused_with_the_reason() -> None:
    rng = np.random.default_rng(0)
    slope = np.tile(np.linspace(0, 255, 300).astype(np.uint8), (280, 1))
    noise = rng.integers(0, 256, (256, 256), dtype=np.uint8)
    china, flower = (Image.fromarray(image).convert("L") for image in load_sample_images().images)
    for name, image in {"text": page(255, 0), "dark text": page(0, 255), "slope": Image.fromarray(slope),
                        "noise": Image.fromarray(noise), "china": china, "flower": flower}.items():  # fmt: skip
        view = recognise(image)
        assert view.refused == (REASONS | {"unlike": UNLIKE}).get(view.kind), name
        assert not view.righting, name
    long = recognise(Image.fromarray(slope).resize((900, 300)))
    assert long.refused == "it is 3.0 times as long as wide"


def test_what_the_network_takes_is_refused_if_it_is_unlike_films(phantoms: list[Image.Image]) -> None:
    blind = replace(model.bundled(), accept=-math.inf)  # takes everything
    rng = np.random.default_rng(0)
    shown = (page(255, 0), Image.fromarray(rng.integers(0, 256, (256, 256), dtype=np.uint8)),
             *(Image.fromarray(image).convert("L") for image in load_sample_images().images))  # fmt: skip
    for image in shown:
        view = of_thumbnail(thumbnail(image), blind)
        assert (view.refused, view.kind) == (UNLIKE, "unlike")
        assert view.likeness < blind.alike or view.strangeness > blind.strange
    assert not any(of_thumbnail(thumbnail(film), blind).refused for film in phantoms[:10])


def test_parts_of_a_film_and_several_films_are_refused(phantoms: list[Image.Image]) -> None:
    refused = []
    for film, other in zip(phantoms[:8], phantoms[8:16], strict=True):
        width, height = film.size
        both = Image.new("L", (2 * width, height))
        both.paste(film)
        both.paste(other, (width, 0))
        parts = (film.crop((0, 0, width // 2, height)), film.crop((width // 2, 0, width, height)), both)
        refused += [bool(recognise(part).refused) for part in parts]
    assert np.mean(refused) >= 0.9


def test_the_same_film_is_seen_alike_in_any_size_and_file(phantoms: list[Image.Image], tmp_path: Path) -> None:
    film = phantoms[3].resize((900, 900))
    for name in ("film.png", "film.jpg"):
        film.save(tmp_path / name)
    found = [read_film_with_notes(tmp_path / name, size, recognised=True).view
             for name in ("film.png", "film.jpg") for size in (40, 256)]  # fmt: skip
    assert all(view is not None and view.refused == "" for view in found)
    odds = [view.log_odds for view in found if view is not None]
    assert np.ptp(odds) < 1.5
    again = read_film_with_notes(tmp_path / "film.png", 40, recognised=True).view
    assert again == found[0]


def test_real_films_pass_and_laterals_and_slices_do_not(real_films: Path) -> None:
    frontal = sorted((real_films / "ieee8023" / "images").iterdir())[::18]
    refused = [bool(recognise(opened(path)).refused) for path in frontal]
    assert np.mean(refused) <= 0.05
    others = sorted((real_films / "not_frontal").glob("*/*"))[::3]
    assert np.mean([bool(recognise(opened(path)).refused) for path in others]) >= 0.95


def test_real_films_that_lean_are_refused_because_they_lean(real_films: Path) -> None:
    """The reason has the angle; what is no frontal film is not said to lean."""
    told, total = [], 0
    for path in sorted((real_films / "darkcovidnet" / "No_findings").iterdir())[::25]:
        for angle in (-20, 20):
            view = recognise(opened(path).rotate(-angle, Image.Resampling.BILINEAR))
            if not view.refused:
                continue
            total += 1
            if found := re.fullmatch(
                r"it leans by about (\d+)° (counter)?clockwise, if it is a chest film at all", view.refused
            ):
                told.append(int(found[1]) * (-1 if found[2] else 1) - angle)
                assert view.kind == "pose"
    assert total >= 20
    assert len(told) >= 0.75 * total
    assert np.median(np.abs(told)) <= 5
    others = sorted((real_films / "not_frontal").glob("*/*"))[::4]
    assert not any("leans" in recognise(opened(path)).refused for path in others)


def test_a_film_that_leans_is_told_from_one_that_lies_on_its_side(phantoms: list[Image.Image]) -> None:
    reasons = [recognise(film.rotate(-turn)).refused for film in phantoms[:4] for turn in (25, -25)]
    assert sum("leans by about" in reason for reason in reasons) >= 4, reasons
    assert not any("lies on its side" in reason for reason in reasons)
    assert all(recognise(film).refused == "" for film in phantoms[:4])


def test_a_view_comes_back_from_plain_values() -> None:
    view = View("it looks like a CT slice\x1b", 0, False, "ct", -3.5)
    plain = {"refused": view.refused, "turned": 0, "inverted": False, "kind": "ct", "log_odds": -3.5, "likeness": 0,
             "strangeness": 1}  # fmt: skip
    assert View.checked(plain).kind == "ct"
    assert "\x1b" not in View.checked(plain).refused
    with pytest.raises(ValueError, match="45"):
        View.checked(plain | {"turned": 45})
    with pytest.raises(KeyError):
        View.checked({})


def test_a_warning_counts_the_reasons_and_names_some() -> None:
    assert oddity(None) == oddity(View()) == ""
    assert oddity(View(turned=180)) == "it is upside down"
    assert warning({}, 9) is None
    odd = {f"{place}.png": REASONS["ct"] for place in range(4)} | {"l.png": REASONS["lateral"]}
    warned = warning(odd, 1200)
    assert warned is not None
    assert warned.code == "not-frontal"
    assert "Of 1,200 films, 5 do not look like upright frontal" in warned.message
    assert "4 (it looks like a CT slice); 1 (it looks like a lateral view)" in warned.message
    assert "and 2 more" in warned.message
    one = warning({"l.png": REASONS["lateral"]}, 9)
    assert one is not None
    assert "Of 9 films, 1 does not look like an upright frontal chest film: 1 (it looks" in one.message
    assert "It is used" in one.message


def test_the_model_is_small_and_needs_numpy_alone() -> None:
    file = resources.files("cxrtui.data.frontal") / "model.npz"
    content = file.read_bytes()
    assert len(content) < 2_000_000
    with np.load(io.BytesIO(content)) as arrays:
        assert int(arrays["version"]) == model.VERSION
    program = (
        "import sys; from PIL import Image; from cxrtui.data.frontal.recognise import recognise;"
        "recognise(Image.linear_gradient('L'));"
        "print(*(name for name in ('jax', 'sklearn', 'scipy', 'textual') if name in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""
