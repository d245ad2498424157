"""Decoding in processes apart, so that no file can end, hold up or fill the one that trains or draws the screen.

Every native decoder may abort on a damaged file (gdcm's exceptions cross its binding), loop, or fill the memory, and
all of them run here: Pillow's with libtiff, libjpeg and libwebp as well as those of DICOM, and the reading of tags.
`films` is the one door; `jobs` is what runs behind it, `worker` the other process, and `process` and `processes` its
side in this one. They are processes that are started anew (no fork beside JAX), import no more than Pillow and, at the
first DICOM, pydicom, and get each film as an open file. Their answers are JSON and bytes.
"""
