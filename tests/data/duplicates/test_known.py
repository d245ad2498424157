"""Films of a training are recognised by descriptors alone, edited or not, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from cxrtui.data.duplicates.known import known, read, recognised
from cxrtui.data.films import Film
from tests.data.duplicates.copies import EDITS, thumbnail


def _field(seed: int) -> Image.Image:
    """A film of blurred noise, which no other seed gives."""
    noise = np.random.default_rng(seed).standard_normal((160, 160))
    field = sum(ndimage.gaussian_filter(noise, sigma) * sigma**1.5 for sigma in (2, 4, 8, 16))
    low, high = field.min(), field.max()
    return Image.fromarray(((field - low) / (high - low) * 255).astype(np.uint8))


def test_descriptors_tell_the_films_of_a_training_from_others(tmp_path: Path) -> None:
    originals = [_field(seed) for seed in range(160)]
    films = [thumbnail(film) for film in originals]
    trained, others = np.stack(films[::2]), np.stack(films[1::2])
    patients = [Film(root=Path(), name=name, label="", patient=name, patient_everywhere=name == "a") for name in "ab"]
    known(patients, lambda places: trained[places], len(trained), lambda *said: None).write(tmp_path / "known")
    kept = read(tmp_path / "known")
    assert kept is not None
    assert len(kept.patients) == 1  # b's name is of one collection, and may be a real one
    assert kept.descriptors.dtype == np.int8
    assert (tmp_path / "known").stat().st_size < 200 * len(trained) + 1000
    copies = np.stack([thumbnail(edit(originals[place])) for place in (0, 2) for edit in EDITS.values()])
    asked = np.concatenate([others, copies])
    found = recognised(kept, lambda places: asked[places], len(asked), lambda *said: None)
    assert [place for place in found if place < len(others)] == []
    missed = {list(EDITS)[place % len(EDITS)] for place in range(len(copies)) if len(others) + place not in found}
    assert not missed


def test_what_is_no_file_of_descriptors_is_none(tmp_path: Path) -> None:
    assert read(tmp_path / "absent") is None
    (tmp_path / "torn").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    assert read(tmp_path / "torn") is None
