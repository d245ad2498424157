"""This module weighs the features of a film by ``model.npz``, which ``benchmarks/frontal/train.py`` makes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cxrtui.data.frontal.features import Floats

VERSION = 1
"""Of ``model.npz``; kept results of another version are not used."""
CLASSES = ("frontal", "lateral", "ct", "photo", "graphic", "radiograph", "part", "pose")
"""What an image may be. ``pose`` is a frontal film that lies wrongly or is inverted, ``part`` one that is cut."""


class Weighed(NamedTuple):
    """What the features of ``N`` images say.

    Attributes:
        log_odds: of ``frontal`` against all other classes, float32 ``[N]``.
        others: the likeliest other class, index into `CLASSES`, ``[N]``.
        distances: from frontal films, about 1 for most of them, float32 ``[N]``.
    """

    log_odds: Floats
    others: npt.NDArray[np.int64]
    distances: Floats


@dataclass(frozen=True, eq=False)
class Weights:
    """What weighs the features of a film in two ways, each of which must take it for a frontal chest film.

    A network of one hidden layer on principal components compares it with images of the other classes. The distance
    from frontal films, in standard deviations along their own principal components and away from these, refuses what
    is like none of them, also of a kind that the network has not seen.

    Attributes:
        center: mean of the features, float32 ``[D]``.
        components: their principal components, scaled, ``[D, P]``.
        hidden: weights ``[P, H]`` of the hidden layer, whose units are rectified.
        hidden_bias: its biases ``[H]``.
        out: weights ``[H, K]`` of the classes.
        out_bias: their biases ``[K]``.
        film_center: mean of the features of frontal films, ``[D]``.
        film_axes: their principal components, of length 1, ``[D, Q]``.
        film_spread: standard deviations along these, ``[Q]``.
        film_rest: median of the squared distance from these axes.
        accept: log odds of ``frontal`` from which a film is taken for one.
        safe: log odds from which a film is righted.
        far: distance up to which a film is taken for one.
    """

    center: Floats
    components: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats
    film_center: Floats
    film_axes: Floats
    film_spread: Floats
    film_rest: float
    accept: float = 0.0
    safe: float = 0.0
    far: float = math.inf

    def weigh(self, features: Floats) -> Weighed:
        """Return what features float32 ``[N, D]`` say of the class of each image, and of its distance from films."""
        reduced = (features - self.center) @ self.components
        hidden = np.maximum(reduced @ self.hidden + self.hidden_bias, 0)
        scores = hidden @ self.out + self.out_bias
        others = scores[:, 1:]
        top = others.max(axis=1)
        rest = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
        away = features - self.film_center
        along = away @ self.film_axes
        beside = np.maximum((away * away).sum(axis=1) - (along * along).sum(axis=1), 0)
        shares = ((along / self.film_spread) ** 2).mean(axis=1) + beside / self.film_rest
        return Weighed(scores[:, 0] - rest, 1 + np.argmax(others, axis=1), np.sqrt(shares / 2))

    def as_bytes(self) -> bytes:
        """Return what `read` reads: matrices in half precision."""
        values = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        kept = {name: value.astype(np.float16) if value.ndim == 2 else value for name, value in values.items()}
        held = io.BytesIO()
        np.savez_compressed(held, version=np.asarray(VERSION), **kept)  # type: ignore[arg-type]
        return held.getvalue()


def read(content: bytes) -> Weights:
    """Return the weights that `Weights.as_bytes` wrote."""
    with np.load(io.BytesIO(content)) as arrays:
        values = {field.name: arrays[field.name].astype(np.float32) for field in fields(Weights)}
    return Weights(**{name: value if value.ndim else float(value) for name, value in values.items()})  # type: ignore[arg-type]


@cache
def bundled() -> Weights:
    """Return the weights of ``model.npz``."""
    return read((resources.files("cxrtui.data.frontal") / "model.npz").read_bytes())
