"""What samples are made of: the originals as they are, altered, in other poses, cut and mixed, and what is drawn."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import altered
import numpy as np
from altered import Picture, Rng
from bodies import BODY
from chimeras import CHIMERA
from graphics import GRAPHIC
from originals import Original
from radiographs import RADIOGRAPH

AS_IT_IS = "as it is"
_FRONTAL = 2  # altered copies of each frontal film
_ALTERED = {"lateral": 900, "ct": 900, "photo": 1200}
_COLLAGES = 200
_DRAWN = {
    "lateral": (BODY["lateral"], 500), "ct": (BODY["ct"], 700), "graphic": (GRAPHIC, 1000),
    "radiograph": ((*RADIOGRAPH, *BODY["radiograph"]), 1400),
}  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How one sample is made: its kind, source, name and maker, and the function that draws it."""

    kind: str
    source: str
    name: str
    maker: str
    draw: Callable[[], Picture]


def recipes(found: list[Original], seed: int) -> list[Recipe]:
    """Return the recipes of all samples, always in the same order; each has a generator of its own."""
    by_kind: dict[str, list[Original]] = {}
    for original in found:
        by_kind.setdefault(original.kind, []).append(original)
    plain = (Recipe(each.kind, each.source, each.name, AS_IT_IS, lambda each=each: each.image) for each in found)
    return [*plain, *_of_films(by_kind["frontal"], seed), *_collages(by_kind["frontal"], seed),
            *_others(by_kind, seed), *_drawn(seed)]  # fmt: skip


def _stream(seed: int, *words: str) -> Rng:
    """A generator that depends on the seed and on what is made, and not on the order."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def _of_films(films: list[Original], seed: int) -> Iterator[Recipe]:
    def again(image: Picture, rng: Rng) -> Picture:
        return altered.toned(altered.jittered(image, rng), rng)

    def posed(image: Picture, rng: Rng) -> Picture:
        return altered.posed(again(image, rng), rng)

    def cut(image: Picture, rng: Rng) -> Picture:
        part = altered.toned(altered.cut(altered.jittered(image, rng), rng), rng)
        return altered.inverted(part) if rng.random() < 0.1 else part

    def mixed(image: Picture, rng: Rng) -> Picture:
        chimera = CHIMERA[int(rng.integers(len(CHIMERA)))]
        return altered.toned(chimera(altered.jittered(image, rng), rng), rng)

    kinds = (("frontal", "altered", again), ("pose", "posed", posed), ("part", "cut", cut), ("part", "mixed", mixed))
    for film in films:
        for kind, maker, change in kinds:
            for copy in range(_FRONTAL if kind == "frontal" else 1):
                rng = _stream(seed, maker, film.name, str(copy))
                yield Recipe(kind, film.source, film.name, maker,
                             lambda film=film, change=change, rng=rng: change(film.image, rng))  # fmt: skip


def _collages(films: list[Original], seed: int) -> Iterator[Recipe]:
    for source in sorted({film.source for film in films}):
        stock = [film.image for film in films if film.source == source]
        for place in range(max(4, _COLLAGES * len(stock) // len(films))):
            rng = _stream(seed, "collage", source, str(place))
            yield Recipe("part", source, f"collage-{place}", "collage",
                         lambda stock=stock, rng=rng: altered.toned(altered.collage(stock, rng), rng))  # fmt: skip


def _others(by_kind: dict[str, list[Original]], seed: int) -> Iterator[Recipe]:
    def changed(original: Original, rng: Rng) -> Picture:
        image = original.image
        if original.kind == "photo" and rng.random() < 0.75:
            image = altered.window(image, rng, 0.25, 0.9)
        image = altered.toned(altered.jittered(image, rng, turn=12, cut=0.18), rng)
        return altered.posed(image, rng) if rng.random() < 0.12 else image

    for kind, count in _ALTERED.items():
        for place in range(count if kind in by_kind else 0):
            original = by_kind[kind][place % len(by_kind[kind])]
            rng = _stream(seed, kind, original.name, str(place))
            yield Recipe(kind, original.source, original.name, "altered",
                         lambda original=original, rng=rng: changed(original, rng))  # fmt: skip


def _drawn(seed: int) -> Iterator[Recipe]:
    def drawn(maker: Callable[[Rng], Picture], rng: Rng) -> Picture:
        image = maker(rng)
        return altered.toned(image, rng) if rng.random() < 0.5 else image

    for kind, (makers, count) in _DRAWN.items():
        for place in range(count):
            maker = makers[place % len(makers)]
            rng = _stream(seed, "drawn", kind, str(place))
            yield Recipe(kind, f"drawn {kind}", f"{maker.__name__}-{place}", maker.__name__,
                         lambda maker=maker, rng=rng: drawn(maker, rng))  # fmt: skip
