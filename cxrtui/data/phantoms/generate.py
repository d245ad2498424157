"""This module writes a set of phantoms as a folder that can be read like any other labelled collection.

FOLDER/README.txt                     says that all is synthetic; marks the folder as a phantom set
FOLDER/positive/phantom_P0001_0.png   8-bit greyscale; a PNG text chunk says that it is synthetic
FOLDER/negative/phantom_P0002_0.png
FOLDER/annotations/masks/phantom_P0001_0_mask.png   0 or 255; positives only
FOLDER/manifest.csv                   path,label,patient,source,view,sex,age; written last, so its presence means
                                      that the set is complete. Where features are planted (see `plant`), the column
                                      planted lists those of each film, and strengths those of the set.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cxrtui.data.films import SYNTHETIC
from cxrtui.data.phantoms import plant
from cxrtui.data.phantoms.films import MAX_FILMS, build, expose, film_count, view_of
from cxrtui.data.pool import windowed, workers
from cxrtui.files import write_atomic

DESCRIPTION = "SYNTHETIC phantom, not a patient"
COLUMNS = ("path", "label", "patient", "source", "view", "sex", "age")
PLANTED_COLUMNS = ("planted", "strengths")
_MARK = "cxrtui phantoms: SYNTHETIC images, not patients"
_OURS = re.compile(r"phantom_P\d{4,}_\d(_b)?(_mask)?\.(png|jpg)")
_FOLDERS = ("positive", "negative", "annotations/masks")
_ALLOTMENT = 0xA110


@dataclass(frozen=True)
class PhantomFilm:
    """One row of the manifest; `mask` is None for a negative. Paths are relative to the set's folder.

    `planted` names the features of `plant.PLANTS` that the film carries.
    """

    path: str
    label: str
    patient: str
    view: str
    sex: str
    age: int
    mask: str | None
    planted: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhantomSet:
    """What `generate` wrote."""

    folder: Path
    manifest: Path
    films: tuple[PhantomFilm, ...]

    @property
    def positives(self) -> int:
        """The number of films with the finding."""
        return sum(f.label == "positive" for f in self.films)

    @property
    def patients(self) -> int:
        """The number of patients."""
        return len({f.patient for f in self.films})


def allot(count: int, seed: int, positive_fraction: float) -> list[tuple[int, int, bool]]:
    """Return the set's patients as (patient number from 1, films, positive), with `count` films in all.

    The number of films is drawn first, independent of the class. Classes are then given to patients in a random order
    until the films are nearest to the requested fraction. Both classes occur for any fraction except 0 and 1.
    """
    cap = max(1, min(MAX_FILMS, count // 4))
    films: list[int] = []
    while sum(films) < count:
        films.append(min(film_count(seed, len(films) + 1), cap, count - sum(films)))
    order = np.random.default_rng(np.random.SeedSequence([seed, _ALLOTMENT])).permutation(len(films))
    reached = np.concatenate([[0], np.cumsum(np.array(films)[order])])
    taken = int(np.argmin(np.abs(reached - positive_fraction * count)))
    if 0.0 < positive_fraction < 1.0:
        taken = min(max(taken, 1), len(films) - 1)
    positive = set(order[:taken].tolist())
    return [(i + 1, n, i in positive) for i, n in enumerate(films)]


def generate(
    folder: Path,
    count: int,
    seed: int,
    *,
    size: int = 320,
    positive_fraction: float = 0.5,
    plants: Mapping[str, float] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> PhantomSet:
    """Write `count` synthetic films of `size`×`size` pixels into `folder`; call `on_progress(done, count)` after each.

    The same arguments write the same bytes (with the same numpy, scipy and pillow). An earlier set in the folder is
    replaced: its own files are removed, other files are kept. `plants` are strengths by kind (see `plant`).

    Raises:
      ValueError: count below 2, size below 64, a fraction or strength outside 0..1, an unknown kind or a negative seed.
      FileExistsError: the folder holds something that is not a phantom set.
    """
    if count < 2:
        raise ValueError(f"A phantom set needs at least 2 films, one of each class; count is {count}.")
    if size < 64:
        raise ValueError(f"Phantoms are drawn at 64 pixels or more; size is {size}.")
    if not 0.0 <= positive_fraction <= 1.0:
        raise ValueError(f"positive_fraction is a share between 0 and 1, not {positive_fraction}.")
    if seed < 0:
        raise ValueError(f"The seed is a whole number from 0 up, not {seed}.")
    strengths = plant.checked(plants or {})
    folder = Path(folder)
    _prepare(folder)
    films: list[PhantomFilm] = []
    patients = allot(count, seed, positive_fraction)
    carriers = plant.carried(patients, seed, strengths)

    def made(patient: tuple[int, int, bool]) -> list[tuple[PhantomFilm, bytes, bytes]]:
        return list(_made(patient, seed, size, carriers[patient[0]], strengths))

    with ThreadPoolExecutor(workers(), "cxrtui-phantoms") as pool:
        for film, image, mask in chain.from_iterable(windowed(pool, patients, made)):
            write_atomic(folder / film.path, image, durable=False)
            if film.mask:
                write_atomic(folder / film.mask, mask, durable=False)
            films.append(film)
            if on_progress:
                on_progress(len(films), count)
    manifest = folder / "manifest.csv"
    write_atomic(manifest, _table(films, strengths))
    return PhantomSet(folder, manifest, tuple(films))


def _made(
    patient: tuple[int, int, bool], seed: int, size: int, carried: frozenset[str], strengths: Mapping[str, float]
) -> Iterator[tuple[PhantomFilm, bytes, bytes]]:
    """Yield the films of one of `allot`'s patients, each with the files of its image and, if positive, its mask.

    `carried` are the features of the set's `strengths` that the films carry.
    """
    number, count, positive = patient
    body = build(seed, number, size, positive)
    label = "positive" if positive else "negative"
    portable = "view" in carried if "view" in strengths else None
    quality = None
    if "compression" in strengths:
        quality = plant.QUALITY if "compression" in carried else plant.OTHER_QUALITY
    for k in range(count):
        image, mask = plant.altered(*expose(body, seed, number, k, size, portable), carried)
        stem = f"phantom_P{number:04d}_{k}{plant.SUFFIX if 'name' in carried else ''}"
        path = f"{label}/{stem}.{'png' if quality is None else 'jpg'}"
        mask_path = f"annotations/masks/{stem}_mask.png" if positive else None
        who = body.habitus
        view = view_of(seed, number, k) if portable is None else "AP" if portable else "PA"
        film = PhantomFilm(path, label, f"P{number:04d}", view, who.sex, who.age, mask_path, tuple(sorted(carried)))
        drawn = _png(np.where(mask, 255, 0).astype(np.uint8)) if positive else b""
        yield film, _png(image) if quality is None else _jpeg(image, quality), drawn


def _table(films: list[PhantomFilm], strengths: Mapping[str, float]) -> str:
    """Return the manifest; it has the columns of planted features only where there are any."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow((*COLUMNS, *(PLANTED_COLUMNS if strengths else ())))
    of_set = " ".join(f"{kind}={strength:g}" for kind, strength in strengths.items())
    for f in films:
        planted = (" ".join(f.planted), of_set) if strengths else ()
        rows.writerow((f.path, f.label, f.patient, SYNTHETIC, f.view, f.sex, f.age, *planted))
    return table.getvalue()


def _prepare(folder: Path) -> None:
    """Make the folders, or remove the files of an earlier set, the manifest first."""
    readme = folder / "README.txt"
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        ours = readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
        if not ours:
            raise FileExistsError(
                f"{folder} is not empty and is not a phantom set; name a new or an empty folder for the phantoms."
            )
    (folder / "manifest.csv").unlink(missing_ok=True)
    for name in _FOLDERS:
        room = folder / name
        room.mkdir(parents=True, exist_ok=True)
        for old in room.iterdir():
            if _OURS.fullmatch(old.name):
                old.unlink()
    write_atomic(readme, _README)


def _png(image: NDArray[np.uint8]) -> bytes:
    info = PngInfo()
    info.add_text("Description", DESCRIPTION)
    info.add_text("Software", "cxrtui phantoms")
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG", pnginfo=info, compress_level=2)
    return out.getvalue()


def _jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=quality, comment=DESCRIPTION)
    return out.getvalue()


_README = f"""{_MARK}

Every image in this folder was computed by cxrtui from a parametric model of a chest. None shows a person, and none may
be used to judge how a classifier does on people. They exist for demonstrations and tests.

positive/            films with simulated bilateral peripheral ground-glass opacities
negative/            films without them
annotations/masks/   where the opacities are (white), for the films in positive/
manifest.csv         path, label, patient, source ("{SYNTHETIC}"), view, sex and age of each film; a patient has 1 to 4
"""
