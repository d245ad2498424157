"""Images of other modalities and parts of the body that come with pydicom and pydicom-data, and are in no sample."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from cxrtui.data.frontal.thumbnail import thumbnail
from cxrtui.data.images.decode import decode

_FOLDERS = (("data_store", "data"), ("pydicom", "data/test_files"))
_IMAGES = {
    "RG1_UNCR": "frontal chest film", "RG3_UNCR": "film of a leg", "693_UNCR": "CT of a head",
    "J2K_pixelrep_mismatch": "CT of a head", "bad_sequence": "CT of a neck", "explicit_VR-UN": "CT of an abdomen",
    "CT_small": "CT of a spine, cut", "MR-SIEMENS-DICOM-WithOverlays": "MR of an abdomen",
    "MR2_UNCR": "MR of a shoulder", "MR_small": "MR, cut", "JPEG-LL": "scintigram of a body", "US1_UNCR": "ultrasound",
    "color-pl": "ultrasound", "JPGLosslessP14SV1_1s_1f_8b": "ultrasound", "mlut_18": "test pattern",
}  # fmt: skip


def thumbnails() -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the name, what it is, and the thumbnail of each image that is installed."""
    for name, about in _IMAGES.items():
        for package, folder in _FOLDERS:
            spec = importlib.util.find_spec(package)
            file = Path(spec.origin or "").parent / folder / f"{name}.dcm" if spec is not None else Path()
            if file.is_file():
                yield name, about, thumbnail(Image.fromarray(decode(file)))
                break
