"""This module decides whether an image is a frontal chest film, in which pose it lies, and if it is none, why not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from cxrtui.data.frontal.features import features
from cxrtui.data.frontal.leaning import lean
from cxrtui.data.frontal.model import CLASSES, VERSION, Weighed, Weights, bundled
from cxrtui.data.frontal.righting import RIGHTINGS, Righting
from cxrtui.data.frontal.thumbnail import Pixels, thumbnail
from cxrtui.printable import printable

RULES = f"{VERSION}-2"
"""Changes when the same pixels may be recognised otherwise."""
LONGEST = 2.2
"""The longer edge of a film is at most so many times the shorter one."""
REASONS = {
    "lateral": "it looks like a lateral view",
    "ct": "it looks like a CT slice",
    "photo": "it looks like a photograph",
    "graphic": "it looks like text or a drawing, or empty",
    "radiograph": "it looks like a radiograph of another part of the body",
    "part": "it looks like a part of a film, or like several films",
    "pose": "it seems to lie wrongly or to be inverted",
}
"""Why an image of each other kind is refused."""
UNLIKE = "it is unlike the frontal chest films that are known"
UNTURNED = ("photo", "graphic")
"""Kinds that are not asked whether they are films that lean."""
POSED = ("pose", "part", "radiograph")
"""Kinds that a film may look like as it is if it is righted; what looks like a photograph or a slice is not turned."""


@dataclass(frozen=True)
class View:
    """What an image shows.

    Attributes:
        refused: why it is no frontal chest film, as a clause; empty if it is one.
        turned: degrees clockwise that make the film upright, see `Righting`.
        inverted: whether black and white have to be exchanged.
        kind: ``frontal``, or the kind that it most looks like: a key of `REASONS`, ``unlike`` any, or ``long`` by
            its shape.
        log_odds: of being a frontal chest film, after righting; see `Weights.accept`.
        likeness: with frontal chest films, after righting; see `Weights.alike`.
        strangeness: of the tone, after righting; see `Weights.strange`.
    """

    refused: str = ""
    turned: int = 0
    inverted: bool = False
    kind: str = "frontal"
    log_odds: float = 0.0
    likeness: float = 0.0
    strangeness: float = 0.0

    @classmethod
    def checked(cls, values: Any) -> View:
        """Return a view from plain values of a file or a process.

        Raises:
            TypeError, ValueError, KeyError: they are of no view.
        """
        view = cls(printable(str(values["refused"])), int(values["turned"]), bool(values["inverted"]),
                   printable(str(values["kind"])), float(values["log_odds"]), float(values["likeness"]),
                   float(values["strangeness"]))  # fmt: skip
        Righting(view.turned, view.inverted)
        return view

    @property
    def righting(self) -> Righting:
        """What makes the film upright."""
        return Righting(self.turned, self.inverted)


def recognise(image: Image.Image) -> View:
    """Return what an `image` in mode L shows.

    A film that is turned or inverted is righted only where it is surely a frontal chest film then. One that leans is
    refused and not righted, because straightening it would change its pixels.
    """
    ratio = max(image.size) / min(image.size)
    if ratio > LONGEST:
        return View(f"it is {ratio:.1f} times as long as wide", kind="long")
    view = of_thumbnail(thumbnail(image))
    if view.refused and view.kind not in UNTURNED and (angle := lean(image, bundled())):
        side = "clockwise" if angle > 0 else "counterclockwise"
        reason = f"it leans by about {abs(angle)}° {side}, if it is a chest film at all"
        return replace(view, refused=reason, kind="pose")
    return view


def of_thumbnail(small: Pixels, weights: Weights | None = None) -> View:
    """Return what the image of a thumbnail, uint8 ``[SIZE, SIZE]``, shows, by other `weights` if they are given."""
    weights = weights or bundled()
    weighed = weights.weigh(features(small[None]))
    kind, found = CLASSES[weighed.others[0]], _upright(weighed)
    if found.log_odds >= weights.accept:
        return found if weights.takes(weighed)[0] else replace(found, refused=UNLIKE, kind="unlike")
    if kind not in POSED:
        return replace(found, refused=REASONS[kind], kind=kind)
    righting, righted = _best_pose(small, weights)
    likely = float(righted.log_odds[0]) if weights.takes(righted)[0] else -math.inf
    if likely >= weights.safe:
        return replace(_upright(righted), turned=righting.turned, inverted=righting.inverted)
    lies = kind == "pose" and likely >= weights.accept
    reason = f"it {righting.wrong}, if it is a chest film at all" if lies else REASONS[kind]
    return replace(found, refused=reason, kind=kind)


def _upright(weighed: Weighed) -> View:
    """Return what was weighed of one image as a frontal chest film."""
    return View(log_odds=float(weighed.log_odds[0]), likeness=float(weighed.likeness[0]),
                strangeness=float(weighed.strangeness[0]))  # fmt: skip


def _best_pose(small: Pixels, weights: Weights) -> tuple[Righting, Weighed]:
    """Return what makes a thumbnail most like a frontal film, and how it weighs then."""
    found = []
    for righting in RIGHTINGS[1:]:  # one by one: the processor's caches hold what one image takes
        posed = np.asarray(righting.apply(Image.fromarray(small)))
        found.append((righting, weights.weigh(features(posed[None]))))
    return max(found, key=lambda each: float(each[1].log_odds[0]) if weights.takes(each[1])[0] else -math.inf)
