"""The real images that the refusal is trained and measured on, each with its kind and its source."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import altered
from altered import Picture

from cxrtui.data.phantoms.films import render

NIH, OZTURK, HANNOVER, PHANTOM = "NIH", "Ozturk COVID-19", "Hannover", "phantoms"
_HOSTS = 50  # films; publishers with fewer are one source


@dataclass(frozen=True)
class Original:
    """A real image with its class and its source; a photograph is its own source."""

    name: str
    kind: str
    source: str
    image: Picture


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
