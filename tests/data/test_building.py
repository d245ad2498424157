"""Several processes build one store together, and it is the store that one of them would have built."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data import tfds_source
from cxrtui.data.array_source import Record
from cxrtui.data.building import build_store
from cxrtui.data.store import Store, open_store
from cxrtui.errors import Cancelled
from tests.data.test_tfds_source import NAMES, SIZE, image, records

COUNT, SHARD = 23, 4


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfds_source, "films_at_once", lambda size: SHARD)


class Builder:
    """Builds a store, and notes which rows it was asked for; at `wait_at`, it waits for `go`."""

    def __init__(self, folder: Path, wait_at: int = -1) -> None:
        self.rows, self._folder, self._wait_at = list[int](), folder, wait_at
        self.waits, self.go = threading.Event(), threading.Event()
        self.done = list[int]()

    def __call__(self) -> None:
        build_store(self._folder, self._records, size=SIZE, count=COUNT, names=NAMES, on_done=self.done.append)

    def _records(self, rows: range) -> Iterator[Record]:
        for row, record in zip(rows, records(rows), strict=True):
            if row == self._wait_at:
                self.waits.set()
                assert self.go.wait(60)
            self.rows.append(row)
            yield Record(record.image, record.film, 0, "torn" if row == 9 else "", ("a note",) if row % 7 == 0 else ())


def content(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def opened(folder: Path) -> Store:
    store = open_store(folder)
    assert store is not None
    return store


ALONE = """
import sys
from pathlib import Path
from cxrtui.data import tfds_source
from tests.data.test_building import COUNT, SHARD, Builder
tfds_source.films_at_once = lambda size: SHARD
builder = Builder(Path(sys.argv[1]))
builder()
assert builder.rows == list(range(COUNT)) and builder.done[-1] == COUNT
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process builds alone, another one than that of the tests."""
    folder = tmp_path_factory.mktemp("alone") / "store"
    subprocess.run([sys.executable, "-c", ALONE, str(folder)], check=True, cwd=Path(__file__).parents[2])
    return folder


def test_two_share_the_shards_and_the_store_is_the_same(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "store"
    first, second = Builder(folder, wait_at=5), Builder(folder)  # the first is slow in its second shard
    threads = [threading.Thread(target=builder) for builder in (first, second)]
    threads[0].start()
    assert first.waits.wait(60)
    threads[1].start()
    while COUNT - SHARD not in second.done:  # it has built all but that one, and waits for it
        threads[1].join(0.05)
        assert threads[1].is_alive()
    first.go.set()
    for thread in threads:
        thread.join()
    assert sorted(first.rows + second.rows) == list(range(COUNT))
    assert content(folder) == content(alone)
    store = opened(folder)
    assert (store.unreadable, sorted(store.notes)) == ({9: "torn"}, [0, 7, 14, 21])
    np.testing.assert_array_equal(store.images([22, 0, 8]), [image(22), image(0), image(8)])
    assert [item.name for item in folder.parent.iterdir()] == ["store"]


def test_what_was_finished_before_a_stop_is_not_built_again(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stopped" / "store"
    builder = Builder(folder)

    def stop(done: int) -> None:
        if done == 10:
            raise Cancelled

    with pytest.raises(Cancelled):
        build_store(folder, builder._records, size=SIZE, count=COUNT, names=NAMES, on_done=stop)
    assert open_store(folder) is None
    again = Builder(folder)
    again()
    assert again.rows == list(range(8, COUNT))
    assert content(folder) == content(alone)
