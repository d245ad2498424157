"""This module recognises the films of a training elsewhere by descriptors, without the films.

A film's descriptor has 97 numbers of 8 bits: the coarsest frequencies of the film with its contrast evened out.
What can be computed back from them is a blur of about ten by ten spots without greys of its own: no rib, vessel,
opacity, letter or face is in it, and it fits countless films. That is why descriptors may travel with a classifier
where films may not. Names of patients travel only where they are the same in every collection
(`Film.patient_everywhere`: public pseudonyms, and hashes that were salted on this machine), and hashed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save
from threadpoolctl import threadpool_limits

from cxrtui.data.duplicates import descriptor
from cxrtui.data.duplicates.candidates import BLOCK, Candidates, Frames, Index, Ints, ReadFilms
from cxrtui.data.duplicates.confirming import OVERLAP, first_warps, plausible, scaled
from cxrtui.data.duplicates.normalise import Floats, reliable
from cxrtui.data.duplicates.registration import align, means, sample
from cxrtui.data.films import Film
from cxrtui.data.pool import OnProgress, windowed, workers
from cxrtui.files import read_bytes, write_atomic

FILE = "trained-on.safetensors"
"""The name of the file in a run's folder and in that of an exported classifier."""
ALIKE, ALIKE_OF_FEW = 0.75, 0.97
"""The similarities of descriptors from which two films are taken for one: whitened, and as they are."""
_VERSION = 1  # raise it when the same thumbnails would give other descriptors
_SIZE = 32  # pixels, of what is registered
_MOST = 1 << 30  # bytes of the file
_BATCH = 64  # pairs

Bytes8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Known:
    """What is kept of the films of a training: descriptors of their frames, int8 ``[F, D]``, and hashes of patients."""

    descriptors: Bytes8
    patients: frozenset[str]

    def write(self, file: Path) -> None:
        """Write it to `file`, by a rename.

        Raises:
            OSError: the disk refuses.
        """
        digests = np.frombuffer(bytes.fromhex("".join(sorted(self.patients))), np.uint8).reshape(-1, 32)
        write_atomic(file, save({
            "version": np.asarray([_VERSION], np.int32), "descriptors": self.descriptors, "patients": digests,
        }))  # fmt: skip


def read(file: Path) -> Known | None:
    """Return what `Known.write` wrote; None where there is none that this version understands."""
    try:
        body = load(read_bytes(file, _MOST))
        descriptors, patients = body["descriptors"], body["patients"]
        sound = (
            int(body["version"][0]) == _VERSION and descriptors.dtype == np.int8 and patients.dtype == np.uint8
            and descriptors.shape[1:] == (descriptor.length(),) and patients.shape[1:] == (32,)
        )  # fmt: skip
    except (OSError, ValueError, KeyError, IndexError, TypeError, SafetensorError):
        return None
    return Known(descriptors, frozenset(row.tobytes().hex() for row in patients)) if sound else None


def known(films: Iterable[Film], read_films: ReadFilms, count: int, on_progress: OnProgress) -> Known:
    """Return what is kept of `films`, whose `count` thumbnails `read_films` returns."""

    def described(places: Ints) -> Bytes8:
        values = descriptor.described(Frames.of(read_films, places).images)
        largest = np.maximum(np.abs(values).max(1, keepdims=True), 1e-6)
        return np.asarray(np.rint(values / largest * 127), np.int8)

    parts, blocks = [np.zeros((0, descriptor.length()), np.int8)], _blocks(count)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers(), "cxrtui-known") as pool:
        for places, part in zip(blocks, windowed(pool, blocks, described), strict=True):
            parts.append(part)
            on_progress("describing films", int(places[-1]) + 1, count)
    return Known(np.concatenate(parts), frozenset(hashed(film) for film in films if film.patient_everywhere))


def hashed(film: Film) -> str:
    """Return the SHA-256 of the name of the film's patient."""
    return hashlib.sha256(film.patient.encode()).hexdigest()


def recognised(kept: Known, read_films: ReadFilms, count: int, on_progress: OnProgress) -> dict[int, float]:
    """Return which of `count` films are near-duplicates of films that are kept, with how alike they are."""
    if not len(kept.descriptors):
        return {}
    raw = kept.descriptors.astype(np.float32)
    whitening = descriptor.Whitening(raw)
    index = Index(whitening, whitening(raw), np.arange(len(raw)), np.zeros(len(raw), np.bool_))
    least = ALIKE if whitening.fitted else ALIKE_OF_FEW
    blocks = _blocks(count)
    found: dict[int, float] = {}

    def compared(places: Ints) -> tuple[Ints, Floats]:
        return _compared(index, raw, Frames.of(read_films, places))

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers(), "cxrtui-known") as pool:
        for places, (films, values) in zip(blocks, windowed(pool, blocks, compared), strict=True):
            for film, value in zip(films, values, strict=True):
                if value >= least:
                    found[int(film)] = max(round(float(value), 3), found.get(int(film), 0))
            on_progress("comparing films with those of the training", int(places[-1]) + 1, count)
    return found


def _blocks(count: int) -> list[Ints]:
    return [np.arange(begin, min(begin + BLOCK, count)) for begin in range(0, count, BLOCK)]


def _compared(index: Index, raw: Floats, held: Frames) -> tuple[Ints, Floats]:
    """Return films of `held`, several times each, and how alike each is to a near one of the index, both ``[P]``."""
    pairs = index.nearest(held.images, held.owners, held.trimmed, other=False)
    images = scaled(means(held.images, _SIZE))
    clear = means(reliable(held.films, descriptor.SIGMA * held.films.shape[-1] / 2), _SIZE)
    rows = np.searchsorted(held.owners, pairs.films[:, 0]) + pairs.trimmed[:, 0]
    alike = [np.zeros(0, np.float32)]
    for first in range(0, len(pairs), _BATCH):
        part = slice(first, first + _BATCH)
        alike.append(_confirmed(index, raw, images[rows[part]], clear[rows[part]], pairs.at(part)))
    return pairs.films[:, 0], np.concatenate(alike)


def _confirmed(index: Index, raw: Floats, moving: Floats, clear: Floats, pairs: Candidates) -> Floats:
    """Return how alike the films and descriptors of `pairs` are once each film is registered, float32 ``[P]``.

    `moving` are the films, float32 ``[P, S, S]``, and `clear` says how much each of their pixels counts.
    """
    fixed = scaled(descriptor.blur(raw[pairs.films[:, 1]], _SIZE))
    warps = first_warps(pairs)
    for _ in range(3):
        weights, inside = sample(clear, warps)
        warps, _ = align(fixed, moving, weights * inside, pairs.signs, warps, 7)
    values, inside = sample(moving, warps)
    seen = (sample(clear, warps)[0] * inside).reshape(moving.shape)
    first = index.whitening(descriptor.described(values.reshape(moving.shape) * seen))
    second = index.whitening(descriptor.described(fixed * seen))
    usable = plausible(warps) & (inside.mean(1) >= OVERLAP)
    result: Floats = np.einsum("pd,pd->p", first, second) * pairs.signs * usable
    return result
