"""DICOM files: their pixels as a reader would see them, and what their tags say.

`pixels.display_values` gives the image in float64 (`decode.decode` and `decode.read_film` read DICOM like any other
film), `header.read_header` the tags without the raw patient, `chest.why_not_chest_film` the reason to leave one out.
"""
