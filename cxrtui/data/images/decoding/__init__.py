"""This package decodes films in separate processes, so that no file can crash, block or exhaust the main process.

A native decoder may abort on a damaged file (gdcm's exceptions cross its binding), loop, or fill the memory. Therefore
all of them run here: Pillow with libtiff, libjpeg and libwebp, the decoders of DICOM, and the reading of tags.
Other packages call `films`. The workers run `worker` and the functions in `jobs`; `process` and `processes` manage them
from the main process. A worker is spawned, not forked (a fork beside JAX is unsafe). It imports only Pillow and, at the
first DICOM, pydicom, and it gets each film as an open file. Its answers are JSON and bytes.
"""
