"""The samples that the refusal is trained and measured on: features of images, each with its kind and its source."""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import altered
import numpy as np
from altered import Picture, Rng
from graphics import GRAPHIC
from radiographs import RADIOGRAPH

from cxrtui.data.frontal.features import features
from cxrtui.data.frontal.model import CLASSES
from cxrtui.data.frontal.thumbnail import thumbnail
from cxrtui.data.phantoms.films import render

NIH, OZTURK, HANNOVER, PHANTOM = "NIH", "Ozturk COVID-19", "Hannover", "phantoms"
_HOSTS = 50  # films; publishers with fewer are one source
_COPIES = {"frontal": 2, "pose": 1, "part": 1}
_DRAWN = {"graphic": 1200, "radiograph": 1600}
_ALTERED = {"lateral": 900, "ct": 900, "photo": 1200}
_COLLAGES = 200


@dataclass(frozen=True)
class Original:
    """A real image with its class and its source; a photograph is its own source."""

    name: str
    kind: str
    source: str
    image: Picture


@dataclass(frozen=True)
class Samples:
    """Thumbnails, their features float32 ``[N, D]``, class indices ``[N]``, and source, name and maker of each."""

    thumbnails: np.ndarray
    features: np.ndarray
    classes: np.ndarray
    sources: np.ndarray
    names: np.ndarray
    makers: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Samples:
        return Samples(
            *(getattr(self, key)[chosen] for key in ("thumbnails", "features", "classes", "sources", "names", "makers"))
        )

    def __len__(self) -> int:
        return len(self.classes)


def related(source: str, other: str) -> bool:
    """Whether films of one source may be those of another under other names."""
    if source == other:
        return True
    covid = {item for item in (source, other) if item != NIH}
    if OZTURK in covid:
        return len(covid) == 2 and PHANTOM not in covid
    return HANNOVER in covid and any(item.startswith("ieee8023 github.com") for item in covid)


def originals(folder: Path) -> list[Original]:
    """All real images: films below `folder`, as ``shared/cxr`` has them, photographs, and a few phantoms."""
    return [*_frontal(folder), *_others(folder)]


def _frontal(folder: Path) -> Iterator[Original]:
    for name, source in (("No_findings", NIH), ("Pneumonia", NIH), ("COVID-19", OZTURK)):
        for file in sorted((folder / "darkcovidnet" / name).iterdir()):
            yield Original(f"{name}/{file.name}", "frontal", source, altered.opened(file))
    for file in sorted((folder / "hannover" / "png").iterdir()):
        yield Original(f"hannover/{file.name}", "frontal", HANNOVER, altered.opened(file))
    images = folder / "ieee8023" / "images"
    with (folder / "ieee8023" / "metadata.csv").open(newline="", encoding="utf-8") as table:
        hosts = {
            Path(row["filename"]).stem: urlparse(row["url"]).netloc.removeprefix("www.")
            for row in csv.DictReader(table)
        }
    counts = Counter(hosts.values())
    for file in sorted(images.iterdir()):
        host = hosts.get(file.stem, "")
        source = host if counts[host] >= _HOSTS else "others"
        yield Original(f"ieee8023/{file.name}", "frontal", f"ieee8023 {source}", altered.opened(file))
    for patient in range(1, 61):
        image, _ = render(7, patient, 0, patient % 2 == 0, 192)
        yield Original(f"phantom-{patient}", "frontal", PHANTOM, altered.Image.fromarray(image))


def _others(folder: Path) -> Iterator[Original]:
    for kind in ("lateral", "ct"):
        for file in sorted((folder / "not_frontal" / kind).iterdir()):
            yield Original(file.name, kind, kind, altered.opened(file))
    for name, image in altered.photographs().items():
        yield Original(name, "photo", "photo", image)


def made(found: list[Original], seed: int, on_progress: Callable[[int], None] = lambda done: None) -> Samples:
    """Return samples: the originals as they are (maker ``as it is``), altered ones, and drawn ones."""
    by_kind: dict[str, list[Original]] = {}
    for original in found:
        by_kind.setdefault(original.kind, []).append(original)
    rows: list[tuple[int, str, str, str]] = []
    thumbs: list[np.ndarray] = []
    for kind, source, name, maker, image in _images(by_kind, seed):
        rows.append((CLASSES.index(kind), source, name, maker))
        thumbs.append(thumbnail(image))
        if len(rows) % 1000 == 0:
            on_progress(len(rows))
    small = np.stack(thumbs)
    described = np.concatenate([features(small[start : start + 256]) for start in range(0, len(small), 256)])
    classes, sources, names, makers = zip(*rows, strict=True)
    return Samples(small, described, np.array(classes), np.array(sources), np.array(names), np.array(makers))


def _stream(seed: int, *words: str) -> Rng:
    """A generator that depends on the seed and on what is made, and not on the order."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])


def _images(by_kind: dict[str, list[Original]], seed: int) -> Iterator[tuple[str, str, str, str, Picture]]:
    for original in (item for group in by_kind.values() for item in group):
        yield original.kind, original.source, original.name, "as it is", original.image
    for original in by_kind["frontal"]:
        for copy in range(_COPIES["frontal"] - 1):
            rng = _stream(seed, "frontal", original.name, str(copy))
            yield (
                "frontal",
                original.source,
                original.name,
                "altered",
                altered.toned(altered.jittered(original.image, rng), rng),
            )
        for copy in range(_COPIES["pose"]):
            rng = _stream(seed, "pose", original.name, str(copy))
            image = altered.posed(altered.toned(altered.jittered(original.image, rng), rng), rng)
            yield "pose", original.source, original.name, "posed", image
        for copy in range(_COPIES["part"]):
            rng = _stream(seed, "part", original.name, str(copy))
            image = altered.toned(altered.cut(altered.jittered(original.image, rng), rng), rng)
            yield (
                "part",
                original.source,
                original.name,
                "cut",
                altered.inverted(image) if rng.random() < 0.1 else image,
            )
    for source in sorted({item.source for item in by_kind["frontal"]}):
        stock = [item.image for item in by_kind["frontal"] if item.source == source]
        for place in range(max(4, _COLLAGES * len(stock) // len(by_kind["frontal"]))):
            rng = _stream(seed, "collage", source, str(place))
            yield "part", source, f"collage-{place}", "collage", altered.toned(altered.collage(stock, rng), rng)
    for kind, count in _ALTERED.items():
        for place in range(count):
            original = by_kind[kind][place % len(by_kind[kind])]
            rng = _stream(seed, kind, original.name, str(place))
            image = original.image
            if kind == "photo" and rng.random() < 0.75:
                image = altered.window(image, rng, 0.25, 0.9)
            image = altered.toned(altered.jittered(image, rng, turn=12, cut=0.18), rng)
            if rng.random() < 0.12:
                image = altered.posed(image, rng)
            yield kind, original.source, original.name, "altered", image
    for kind, count in _DRAWN.items():
        makers = GRAPHIC if kind == "graphic" else RADIOGRAPH
        for place in range(count):
            maker = makers[place % len(makers)]
            rng = _stream(seed, kind, str(place))
            image = maker(rng)
            yield (
                kind,
                kind,
                f"{maker.__name__}-{place}",
                maker.__name__,
                altered.toned(image, rng) if rng.random() < 0.5 else image,
            )
