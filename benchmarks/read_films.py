"""Films a second that a training can read from the prepared store, at random, beside tensorflow-datasets' own reader.

    python benchmarks/read_films.py [--films 4096] [--size 256] [--batch 64] [--rounds 5]

A store of random images is built in a temporary folder, and then lies in the system's cache of files. `store` reads a
batch after the other in this thread; `ahead` takes them from a `StreamLoader`, whose threads read ahead and which puts
them on the device; tfds decodes all features of each record. Rounds alternate, and medians are printed: by the clock,
and for a second of a processor, which compares where other work runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from cxrtui.data.array_source import Record
from cxrtui.data.building import build_store
from cxrtui.data.films import Film
from cxrtui.data.loader import StreamLoader
from cxrtui.data.prepared.ready import Split
from cxrtui.data.store import open_store
from cxrtui.net.layout import Layout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("films", 4096), ("size", 256), ("batch", 64), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    random, count = np.random.default_rng(0), chosen.films
    images = random.integers(0, 256, (16, chosen.size, chosen.size), np.uint8)

    def records(rows: range) -> Iterator[Record]:
        for row in rows:
            yield Record(images[row % 16], Film(path=Path(f"{row}.png"), name=f"{row}.png", label="x"), row % 2)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        build_store(folder, records, size=chosen.size, count=count, names=["x", "y"], on_done=lambda done: None)
        store = open_store(folder)
        assert store is not None
        shards = [tfds.builder_from_directory(str(place.parent)) for place in sorted(folder.rglob("dataset_info.json"))]
        splits = [builder.as_data_source("films") for builder in shards]
        begins = np.cumsum([0, *map(len, splits)])
        facts = [""] * count
        split = Split(np.zeros(count, np.int32), facts, facts, facts, facts, store, np.arange(count))
        loader = StreamLoader(split, Layout.over())
        steps = random.permutation(count)[: count // chosen.batch * chosen.batch].reshape(-1, chosen.batch)

        def by_tfds() -> None:
            for step in steps:
                of = np.searchsorted(begins, step, side="right") - 1
                for number in np.unique(of):
                    splits[number].__getitems__([int(place) - begins[number] for place in step[of == number]])

        def by_store() -> None:
            for step in steps:
                store.images(step)

        def ahead() -> None:
            for batch in loader.batches(steps.astype(np.int32)):
                batch.images.block_until_ready()

        ways: dict[str, Callable[[], None]] = {"tfds": by_tfds, "store": by_store, "ahead": ahead}
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(chosen.rounds):
            for name, read in ways.items():
                clock, cpu = time.perf_counter(), time.process_time()
                read()
                spent[name].append((time.perf_counter() - clock, time.process_time() - cpu))
    base = [statistics.median(column) for column in zip(*spent["tfds"], strict=True)]
    for name, taken in spent.items():
        clock, cpu = (statistics.median(column) for column in zip(*taken, strict=True))
        print(f"{name:6s} {steps.size / clock:8.0f} films/s {steps.size / cpu:8.0f} films in a second of a processor; "
              f"{base[0] / clock:.2f} and {base[1] / cpu:.2f} times tfds")  # fmt: skip


if __name__ == "__main__":
    main()
