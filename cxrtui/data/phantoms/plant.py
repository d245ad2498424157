"""This module plants features on phantoms that tell the class without the lungs, as hospitals and devices do by chance.

A planted feature has a strength: its correlation with the class, over the films of a set with as many positive films as
negative ones. So 0 is independent of the class, and 1 tells it always. All films of a patient carry the same features,
because they come from one place.

marker        the text WARD 3, white with a black outline, is burnt into the lower left corner
border        a black border covers 5 % of the film at each edge
resolution    the file has three quarters of the width and height
compression   the file is JPEG of quality 40; all others in the set are JPEG of quality 90
histogram     the greys are brighter: a power of 0.7
name          the file's name ends in _b
view          AP, taken at the bedside; the others are PA, taken upright
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

PLANTS = ("marker", "border", "resolution", "compression", "histogram", "name", "view")
BORDER = 0.05  # of the film's width and height
SCALE = 0.75
QUALITY, OTHER_QUALITY = 40, 90
POWER = 0.7
SUFFIX = "_b"
TEXT = "WARD 3"
_STREAM = 16  # the first stream of random numbers that no other part of the phantoms has


def parse(texts: Iterable[str]) -> dict[str, float]:
    """Return the strengths by kind from texts such as ``marker=0.8``.

    Raises:
        ValueError: a text is not KIND=STRENGTH, a kind is unknown or there twice, or a strength is outside 0 to 1.
    """
    strengths: dict[str, float] = {}
    for text in texts:
        kind, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--plant takes KIND=STRENGTH, for example marker=0.8, not {text!r}.")
        if kind in strengths:
            raise ValueError(f"--plant names {kind} twice; give it one strength.")
        try:
            strengths[kind] = float(value)
        except ValueError:
            raise ValueError(f"The strength of {kind} is a number from 0 to 1, not {value!r}.") from None
    return checked(strengths)


def checked(strengths: Mapping[str, float]) -> dict[str, float]:
    """Return `strengths` in the order of `PLANTS`.

    Raises:
        ValueError: a kind is unknown, or a strength is outside 0 to 1.
    """
    for kind, strength in strengths.items():
        if kind not in PLANTS:
            raise ValueError(f"Phantoms have no planted {kind!r}; the kinds are {', '.join(PLANTS)}.")
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"The strength of {kind} is a number from 0 to 1, not {strength:g}.")
    return {kind: strengths[kind] for kind in PLANTS if kind in strengths}


def carried(
    patients: Sequence[tuple[int, int, bool]], seed: int, strengths: Mapping[str, float]
) -> dict[int, frozenset[str]]:
    """Return by a patient's number the kinds of features that its films carry.

    Of the positive films the share (1 + strength) / 2 carries a feature, and of the negative ones (1 - strength) / 2,
    as nearly as whole patients allow. Which patients these are is random, and each kind has a random stream of its own.

    Args:
        patients: number, films and class of each, True for positive; as `generate.allot` returns them.
        seed: the same seed chooses the same patients.
        strengths: by kind.
    """
    kinds: dict[int, set[str]] = {number: set() for number, _, _ in patients}
    for kind, strength in strengths.items():
        stream = np.random.SeedSequence([seed], spawn_key=(_STREAM + PLANTS.index(kind),))
        order = np.random.default_rng(stream).permutation(len(patients))
        for positive, share in ((True, (1 + strength) / 2), (False, (1 - strength) / 2)):
            of_class = [patients[place] for place in order if patients[place][2] == positive]
            reached = np.cumsum([0, *(films for _, films, _ in of_class)])
            for number, _, _ in of_class[: int(np.argmin(np.abs(reached - share * reached[-1])))]:
                kinds[number].add(kind)
    return {number: frozenset(held) for number, held in kinds.items()}


def altered(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], kinds: frozenset[str]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return a film, uint8 `[N, N]`, and its mask, bool `[N, N]`, with the features of `kinds` that change pixels."""
    size = image.shape[0]
    if "histogram" in kinds:
        image = np.rint(255 * (np.arange(256) / 255) ** POWER).astype(np.uint8)[image]
    if "marker" in kinds:
        drawn = Image.fromarray(image)
        font = ImageFont.load_default(max(8, round(0.045 * size)))
        place = (0.07 * size, 0.88 * size)
        ImageDraw.Draw(drawn).text(place, TEXT, fill=255, font=font, stroke_width=max(1, size // 200), stroke_fill=0)
        image = np.asarray(drawn)
    if "border" in kinds:
        wide = round(BORDER * size)
        inside = np.zeros_like(mask)
        inside[wide : size - wide, wide : size - wide] = True
        image, mask = np.where(inside, image, 0).astype(np.uint8), mask & inside
    if "resolution" in kinds:
        smaller = (round(SCALE * size),) * 2
        image = np.asarray(Image.fromarray(image).resize(smaller, Resampling.BILINEAR))
        mask = np.asarray(Image.fromarray(mask).resize(smaller, Resampling.NEAREST))
    return image, mask
