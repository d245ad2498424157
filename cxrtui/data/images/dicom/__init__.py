"""This package reads DICOM files: their pixels as a radiologist would see them, and their tags.

`pixels.display_values` returns the image in float64 (`decode.decode` and `decode.read_film` read DICOM like any other
film). `header.read_header` returns the tags without the raw patient.
"""
