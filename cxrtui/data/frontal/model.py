"""This module weighs the features of a film by ``model.npz``, which ``benchmarks/frontal/train.py`` makes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cxrtui.data.frontal.features import TONE, Floats

VERSION = 2
"""Of ``model.npz``; kept results of another version are not used."""
CLASSES = ("frontal", "lateral", "ct", "photo", "graphic", "radiograph", "part", "pose")
"""What an image may be. ``pose`` is a frontal film that lies wrongly or is inverted, ``part`` one that is cut."""


_LARGE = 1 << 16  # numbers


class Weighed(NamedTuple):
    """What the features of ``N`` images say.

    Attributes:
        log_odds: of ``frontal`` against all other classes, float32 ``[N]``.
        others: the likeliest other class, index into `CLASSES`, ``[N]``.
        likeness: how much likelier the principal components are of a frontal film than of any other image, as the
            logarithm of the ratio of two normal densities for each component, and up to a constant, float32 ``[N]``.
        strangeness: how far the tone is from that of frontal films, about 1 for most of them, float32 ``[N]``.
    """

    log_odds: Floats
    others: npt.NDArray[np.int64]
    likeness: Floats
    strangeness: Floats


@dataclass(frozen=True, eq=False)
class Weights:
    """What weighs the features of a film in three ways, each of which must take it for a frontal chest film.

    A network of one hidden layer on principal components tells it from images of the other classes. Two normal
    densities of these components, one of frontal films and a wide one of all other images, and a third density, of the
    tone of frontal films alone, refuse what is like none of them, also of a kind that the network has not seen.

    Attributes:
        center: mean of the features, float32 ``[D]``.
        components: their principal components, scaled, ``[D, P]``.
        hidden: weights ``[P, H]`` of the hidden layer, whose units are rectified.
        hidden_bias: its biases ``[H]``.
        out: weights ``[H, K]`` of the classes.
        out_bias: their biases ``[K]``.
        film_center: mean of the components of frontal films, ``[P]``.
        film_whitener: what makes these components independent, with deviations of 1, ``[P, P]``.
        other_center: the same of all other images.
        other_whitener: the same of all other images.
        tone_center: mean of the last `TONE` features of frontal films, ``[TONE]``.
        tone_whitener: what makes these independent, ``[TONE, TONE]``.
        accept: log odds of ``frontal`` from which a film is taken for one.
        safe: log odds from which a film is righted.
        alike: likeness from which a film is taken for one.
        strange: strangeness up to which a film is taken for one.
    """

    center: Floats
    components: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    film_center: Floats
    film_whitener: Floats
    other_center: Floats
    other_whitener: Floats
    tone_center: Floats
    tone_whitener: Floats
    accept: float = 0.0
    safe: float = 0.0
    alike: float = -math.inf
    strange: float = math.inf

    def weigh(self, features: Floats) -> Weighed:
        """Return what features float32 ``[N, D]`` say of the class of each image, and how like films they are."""
        reduced = (features - self.center) @ self.components
        hidden = np.maximum(reduced @ self.hidden + self.hidden_bias, 0)
        scores = hidden @ self.out + self.out_bias
        others = scores[:, 1:]
        top = others.max(axis=1)
        rest = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
        film = _mean_square((reduced - self.film_center) @ self.film_whitener)
        other = _mean_square((reduced - self.other_center) @ self.other_whitener)
        tone = _mean_square((features[:, -TONE:] - self.tone_center) @ self.tone_whitener)
        return Weighed(
            scores[:, 0] - rest, 1 + np.argmax(others, axis=1), np.float32(0.5) * (other - film), np.sqrt(tone)
        )

    def takes(self, weighed: Weighed) -> npt.NDArray[np.bool_]:
        """Return which images the two densities take for frontal films, ``[N]``; the network is asked by `accept`."""
        return (weighed.likeness >= self.alike) & (weighed.strangeness <= self.strange)

    def as_bytes(self) -> bytes:
        """Return what `read` reads: large matrices in half precision."""
        values = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        kept = {name: value.astype(np.float16) if value.size > _LARGE else value for name, value in values.items()}
        held = io.BytesIO()
        np.savez_compressed(held, version=np.asarray(VERSION), **kept)  # type: ignore[arg-type]
        return held.getvalue()


def _mean_square(values: npt.NDArray[Any]) -> Floats:
    return np.asarray((values * values).mean(axis=1), np.float32)


def read(content: bytes) -> Weights:
    """Return the weights that `Weights.as_bytes` wrote."""
    with np.load(io.BytesIO(content)) as arrays:
        values = {field.name: arrays[field.name].astype(np.float32) for field in fields(Weights)}
    return Weights(**{name: value if value.ndim else float(value) for name, value in values.items()})  # type: ignore[arg-type]


@cache
def bundled() -> Weights:
    """Return the weights of ``model.npz``."""
    return read((resources.files("cxrtui.data.frontal") / "model.npz").read_bytes())
