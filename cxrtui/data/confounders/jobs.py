"""This module holds the job of a worker process that measures a film; see `cxrtui.data.images.decoding.worker`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from cxrtui.data.confounders.film import Measures, packed
from cxrtui.data.confounders.frame import Pixels
from cxrtui.data.confounders.kinds import KINDS
from cxrtui.data.confounders.kinds.compression import read_encoding
from cxrtui.data.confounders.kinds.dicom import read_tags
from cxrtui.data.images.decode import decode_with_notes, read_film_with_notes, stored_size
from cxrtui.data.images.decoding.jobs import display_of
from cxrtui.data.images.opening import reading


def measure(film: int, size: int, resize_mode: str, display: dict[str, Any] | None) -> tuple[dict[str, Any], bytes]:
    """Return the `Measures` of the open file `film`, for a network input of `size` pixels."""
    shown = display_of(display)
    with reading(film) as stream:
        encoding, quality = read_encoding(stream)
    tags = {}
    if encoding["type"] == "DICOM":
        with reading(film) as stream:
            tags = read_tags(stream)
    original = decode_with_notes(film, shown).values
    stored = read_film_with_notes(film, stored_size(size), resize_mode, shown).values
    both = [
        packed(value for kind in KINDS if kind.measure is not None for value in kind.measure(image).values())
        for image in (original, as_seen(stored, size))
    ]
    return asdict(Measures(encoding, quality, tags, *both)), b""


def as_seen(stored: Pixels, size: int) -> Pixels:
    """Return a stored image, uint8 `[S, S]`, as the network sees it without augmentation, uint8 `[size, size]`.

    It is the bilinear sampling of `cxrtui.data.augment.resample`, which needs JAX, rounded down to whole greys.
    """
    scale = stored.shape[0] / size
    image = Image.fromarray(stored).transform(
        (size, size), Image.Transform.AFFINE, (scale, 0, 0, 0, scale, 0), Resampling.BILINEAR
    )
    return np.asarray(image)


JOBS = {"measure": measure}
