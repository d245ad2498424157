"""DICOM files: their pixels as a reader would see them, and what their tags say.

`grey` and `display_values` give the picture (`pixels`, `tables`, `lookup`), `read_header` the tags without any raw
identifier (`header`), `why_not_chest_film` the reason to leave an object out (`chest`). `decode.decode` and
`decode.read_film` read DICOM too, so most callers need no more than `read_header` and `why_not_chest_film`.
"""

from cxrtui.data.dicom.chest import why_not_chest_film
from cxrtui.data.dicom.header import DicomHeader, deidentified, read_header
from cxrtui.data.dicom.pixels import display_values, grey

__all__ = ["DicomHeader", "deidentified", "display_values", "grey", "read_header", "why_not_chest_film"]
