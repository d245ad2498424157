from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.loader import DeviceFeed, StreamFeed, epoch_order, make_feed, steps_per_epoch
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.prepared.ready import Part
from cxrtui.settings.config import Config
from tests.data.conftest import drain


@pytest.fixture
def part(class_folder: Path, configure: Callable[..., Config]) -> Part:
    return drain(prepare(configure(class_folder)))[1].parts["train"]  # type: ignore[no-any-return]


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


def test_both_feeds_give_the_same(part: Part) -> None:
    feeds = DeviceFeed(part), StreamFeed(part)
    for epoch, first in ((1, 0), (2, 3)):
        pairs = list(zip(*(feed.start(5, epoch, 8, first) for feed in feeds), strict=True))
        assert len(pairs) == steps_per_epoch(len(part), 8) - first
        for step, (one, other) in enumerate(pairs):
            np.testing.assert_array_equal(one.images, other.images)
            np.testing.assert_array_equal(one.labels, other.labels)
            np.testing.assert_array_equal(one.images, part.images[epoch_order(5, epoch, len(part), 8)[first + step]])
            assert (one.images.dtype, one.labels.dtype) == (np.uint8, np.int32)
    for one, other in zip(*(feed.batch(np.asarray([3, 1], np.int32)) for feed in feeds), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_feed_is_chosen_by_memory(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(make_feed(part), DeviceFeed)
    assert isinstance(make_feed(part, "stream"), StreamFeed)
    monkeypatch.setattr("cxrtui.data.loader.free_memory", lambda: part.nbytes)
    assert isinstance(make_feed(part), StreamFeed)
    assert isinstance(make_feed(part, "device"), DeviceFeed)


def test_a_stream_that_is_left_does_not_hold_the_process(part: Part) -> None:
    stream = StreamFeed(part).start(0, 1, 8)
    next(stream)
    stream.close()  # type: ignore[attr-defined]


def test_preparing_needs_no_jax() -> None:
    code = "import sys; import cxrtui.data.prepared.prepare"
    code += "; print([x for x in ('jax', 'tensorflow', 'grain') if x in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
