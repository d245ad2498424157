"""Films a second from files to a prepared store, against a plain single-core Pillow loop in the same process.

    python benchmarks/prepare_films.py FOLDER [--size 224]

The loop opens, converts to grey, resizes and keeps the pixels; `prepare` also walks the folder, hashes every file,
writes the store and divides the films. FOLDER: class folders; every class counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from cxrtui.data.images.decode import stored_size
from cxrtui.data.images.decoding.films import read_film
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.prepared.reading import windowed, workers
from cxrtui.data.sources.collect import read_source
from cxrtui.settings.config import resolve


def plain(paths: list[Path], side: int) -> float:
    began = time.perf_counter()
    for path in paths:
        with Image.open(path) as image:
            np.asarray(image.convert("L").resize((side, side), Image.Resampling.BILINEAR))
    return time.perf_counter() - began


def threads(paths: list[Path], side: int) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(workers()) as pool:
        for _ in windowed(pool, paths, lambda path: read_film(path, side)):
            pass
    return time.perf_counter() - began


def whole(folder: str, size: int) -> float:
    found = list(read_source(folder).found)
    values = {"data.source": folder, "data.size": size, "data.positive": found[:1], "data.negative": found[1:]}
    began = time.perf_counter()
    for _ in prepare(resolve(values)):
        pass
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    side = stored_size(options.size)
    paths = [film.path for film in read_source(options.folder).films]
    plain(paths, side)  # so that every measurement finds the files in memory
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CXRTUI_CACHE_DIR"] = cache
        loop, decoding = plain(paths, side), threads(paths, side)
        cold, warm = whole(options.folder, options.size), whole(options.folder, options.size)
    print(f"{len(paths)} films to {side} x {side}, {workers()} cores")
    for name, seconds in (("plain loop", loop), ("decode", decoding), ("prepare", cold), ("prepare again", warm)):
        rate, ratio = len(paths) / seconds, loop / seconds
        print(f"{name:14s} {seconds:7.2f} s {rate:8.0f} films/s {ratio:7.2f} x the plain loop")


if __name__ == "__main__":
    main()
