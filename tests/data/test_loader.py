from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.loader import SHARE, DeviceLoader, StreamLoader, epoch_order, make_loader, steps_per_epoch
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.prepared.ready import Split
from cxrtui.net.layout import Layout
from cxrtui.settings.config import Config
from tests.data.conftest import drain

LAYOUT = Layout.over()


@pytest.fixture
def split(class_folder: Path, configure: Callable[..., Config]) -> Split:
    return drain(prepare(configure(class_folder)))[1].splits["train"]  # type: ignore[no-any-return]


def test_order() -> None:
    order = epoch_order(seed=1, epoch=2, count=100, batch=32)
    assert (order.shape, order.dtype, steps_per_epoch(100, 32)) == ((3, 32), np.int32, 3)
    assert len(set(order.ravel().tolist())) == 96
    np.testing.assert_array_equal(order, epoch_order(1, 2, 100, 32))
    assert (order != epoch_order(1, 3, 100, 32)).any()
    assert (order != epoch_order(2, 2, 100, 32)).any()
    # The first step of a known seed, so that a resumed run never sees another order.
    assert epoch_order(0, 1, 10, 4).tolist() == [[7, 4, 5, 1], [9, 8, 6, 2]]


def test_fewer_films_than_a_batch_are_repeated() -> None:
    order = epoch_order(0, 0, 5, 12)
    assert order.shape == (1, 12)
    assert sorted(set(order[0].tolist())) == [0, 1, 2, 3, 4]
    assert np.bincount(order[0]).max() - np.bincount(order[0]).min() == 1


def test_both_loaders_give_the_same(split: Split) -> None:
    loaders = DeviceLoader(split, LAYOUT), StreamLoader(split, LAYOUT)
    for epoch, first in ((1, 0), (2, 3)):
        pairs = list(zip(*(loader.epoch(5, epoch, 8, first) for loader in loaders), strict=True))
        assert len(pairs) == steps_per_epoch(len(split), 8) - first
        for step, (one, other) in enumerate(pairs):
            np.testing.assert_array_equal(one.images, other.images)
            np.testing.assert_array_equal(one.labels, other.labels)
            np.testing.assert_array_equal(one.images, split.images[epoch_order(5, epoch, len(split), 8)[first + step]])
            assert (one.images.dtype, one.labels.dtype) == (np.uint8, np.int32)
    for one, other in zip(*(loader.batch(np.asarray([3, 1], np.int32)) for loader in loaders), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_loader_is_chosen_by_memory(split: Split) -> None:
    enough = math.ceil(split.nbytes / SHARE)
    assert isinstance(make_loader(split, LAYOUT, memory=enough), DeviceLoader)
    assert isinstance(make_loader(split, LAYOUT, memory=enough - 1), StreamLoader)
    assert isinstance(make_loader(split, LAYOUT, "device", memory=0), DeviceLoader)
    assert isinstance(make_loader(split, LAYOUT, "stream"), StreamLoader)
    assert isinstance(make_loader(split, LAYOUT), DeviceLoader)  # of this machine's own memory, a few kilobytes


def test_a_stream_that_is_left_ends_its_threads(split: Split) -> None:
    """In a process that must end by itself: a thread that reads ahead, and is not told to stop, would hold it."""
    before = set(threading.enumerate())
    stream = StreamLoader(split, LAYOUT).epoch(0, 1, 2)
    next(stream)
    reading = set(threading.enumerate()) - before
    assert reading  # else this test says nothing
    stream.close()  # type: ignore[attr-defined]
    for thread in reading:
        while thread.ident is None:  # on a busy machine one is listed that has not begun, and cannot be joined yet
            time.sleep(0.01)
        thread.join(timeout=30)
    assert not [thread.name for thread in reading if thread.is_alive()]


def test_preparing_needs_no_jax() -> None:
    code = "import sys; import cxrtui.data.prepared.prepare"
    code += "; print([x for x in ('jax', 'tensorflow', 'grain') if x in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
