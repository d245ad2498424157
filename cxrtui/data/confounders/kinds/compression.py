"""How the file is encoded: its type, the quantisation tables and the quality of JPEG, and which metadata it has.

Quantisation tables show which program or device wrote a JPEG (Kornblum, "Using JPEG quantization tables to identify
imagery processed by software", Digital Investigation 5, 2008). The quality is that of the Independent JPEG Group's
library, whose scale is turned round: the sum of the luminance table is compared with that of the standard's example
(ITU-T T.81, table K.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import BinaryIO

from PIL import JpegImagePlugin

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind
from cxrtui.data.images.dicom.recognise import HEAD, is_dicom
from cxrtui.data.images.opening import open_image

_SUM_AT_50 = 3688  # of table K.1, which quality 50 takes as it is
_METADATA = ("exif", "icc_profile", "jfif", "adobe", "comment", "dpi", "gamma", "srgb", "interlace", "progressive",
             "transparency", "xmp", "photoshop", "compression", "Software", "Description",
             "Comment", "Title")  # fmt: skip


def quality_of(table: Sequence[int]) -> float:
    """Return the quality from 0 to 100 of a luminance quantisation table of 64 steps.

    Below about 25 it is too high, because no step is larger than 255.

    Example:
        >>> quality_of([1] * 64) > 98
        True
    """
    scale = 100 * sum(table) / _SUM_AT_50
    return round((200 - scale) / 2 if scale <= 100 else 5000 / scale, 1)


def read_encoding(stream: BinaryIO) -> tuple[dict[str, str], float | None]:
    """Return facts on the encoding of the image in `stream`, and the quality of JPEG; no pixel is decoded.

    Raises:
        FilmError: it is not an image.
    """
    head = stream.read(HEAD)
    stream.seek(0)
    if is_dicom(head):
        return {"type": "DICOM"}, None
    kind, image = open_image(stream, head)
    if image is None:
        return {"type": kind}, None
    with image:
        held = "+".join(name for name in _METADATA if image.info.get(name))
        facts = {"type": kind, "metadata": held, "density": str(image.info.get("dpi", ""))[:32]}
        if not isinstance(image, JpegImagePlugin.JpegImageFile) or not image.quantization:
            return facts, None
        tables = repr(sorted((place, tuple(table)) for place, table in image.quantization.items()))
        facts["tables"] = hashlib.sha256(tables.encode()).hexdigest()[:8]
        facts["sampling"] = str(JpegImagePlugin.get_sampling(image))
        return facts, quality_of(image.quantization[min(image.quantization)])


def columns(films: Sequence[Known]) -> Columns:
    """Return the features of the films' encodings."""
    measures = [film.measures for film in films if film.measures is not None]
    names = sorted({name for item in measures for name in item.encoding})
    return Columns(
        numbers={"quality": [item.quality for item in measures]},
        words={name: [item.encoding.get(name, "") for item in measures] for name in names},
    )


KIND = Kind(
    "compression", "file type, JPEG quality and tables, metadata",
    "encode all films anew and alike from the least compressed originals; what compression did to the pixels stays",
    columns, decoded=True,
)  # fmt: skip
