"""This module finds films that a classifier knows from its training: as they are, as copies, or by their patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxrtui.data.duplicates.known import Known, hashed, recognised
from cxrtui.data.duplicates.thumbnails import key_of, thumbnails
from cxrtui.data.films import Film, is_synthetic
from cxrtui.data.pool import OnProgress

SAME = "films that it was trained or tuned on"
COPY = "near-duplicates of films that it was trained or tuned on"
PATIENT = "films of patients whom it was trained or tuned on"


@dataclass(frozen=True)
class Seen:
    """The films of a classifier's training and validation splits.

    Attributes:
        digests: the SHA-256 of their files.
        known: descriptors of the films; None for a classifier of an older version, or one trained with
            ``data.duplicates=identical``.
    """

    digests: frozenset[str]
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Familiar:
    """Why a film is known, `SAME`, `COPY` or `PATIENT`, and how alike the two are; 0 for a patient's other film."""

    reason: str
    similarity: float = 0.0


def familiar(
    films: Sequence[Film], digests: Sequence[str], seen: Seen, on_progress: OnProgress
) -> dict[int, Familiar]:  # fmt: skip
    """Return which of `films`, by index, a classifier knows from its training, and why.

    A patient is known by a name that is the same in all collections, or by another film that is known. A film that
    cxrtui drew itself is known only as it is: descriptors hold the same chest of any two.

    Args:
        films: the films.
        digests: the SHA-256 of their files.
        seen: what is recorded of the training.
        on_progress: called with the progress; it may raise an error to end the search.

    Raises:
        DataError: the disk refuses the films' thumbnails.
    """
    same, of_patient = Familiar(SAME, 1.0), Familiar(PATIENT)
    found = {place: same for place, digest in enumerate(digests) if digest in seen.digests}
    if seen.known is not None:
        keys = [key_of(film, digest) for film, digest in zip(films, digests, strict=True)]
        rest = [(film, key) for place, (film, key) in enumerate(zip(films, keys, strict=True))
                if place not in found and not is_synthetic(str(film.path), film.source)]  # fmt: skip
        held = thumbnails(rest, on_progress)
        alike = recognised(seen.known, held.read, len(held), on_progress)
        similarity = {held.keys[place]: value for place, value in alike.items()}
        for place, key in enumerate(keys):
            if place not in found and key in similarity:
                found[place] = Familiar(COPY, similarity[key])
    patients = {films[place].patient for place in found if films[place].patient_known}
    hashes = seen.known.patients if seen.known is not None else frozenset()
    for place, film in enumerate(films):
        if place not in found and (film.patient in patients or (film.patient_everywhere and hashed(film) in hashes)):
            found[place] = of_patient
    return found
