"""A thread that looks, a screen that takes: nothing is lost, nothing is queued, and an end is an end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from textual import on
from textual.app import App
from textual.pilot import Pilot

from cxrtui.tui.watch import Looks, Seen, Watch
from tests.tui.screen_text import until

Sums = Watch[frozenset[int]]


class Watcher(App[int]):
    """Takes what its watch has, where it may."""

    def __init__(self, looks: Looks[frozenset[int]], every: float | None) -> None:
        super().__init__()
        self.watching: Sums = Watch(self, looks, every, frozenset.union)
        self.posted, self.taken = 0, list[frozenset[int] | None]()
        self.takes = True

    def on_mount(self) -> None:
        self.watching.start("look")

    def on_unmount(self) -> None:
        self.watching.stop()

    @on(Seen)
    def seen(self, message: Seen) -> None:
        self.posted += 1
        if self.takes:
            self.taken.append(message.watch.take())


async def test_what_was_not_taken_yet_is_merged_and_not_queued() -> None:
    go, done = threading.Event(), threading.Event()

    def looks(stopped: Callable[[], bool]) -> Iterator[frozenset[int]]:
        yield frozenset((0,))
        go.wait(20)
        yield from (frozenset((number,)) for number in range(1, 1000))
        done.set()

    app = Watcher(looks, None)
    app.takes = False
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.posted == 1)
        go.set()
        await until(pilot, done.is_set)
        await pilot.pause()
        assert app.posted == 1  # a screen that is busy finds one message, however much has come
        assert app.watching.take() == frozenset(range(1000))
        assert app.watching.take() is None


async def test_it_looks_again_when_asked_and_not_while_another_screen_is_in_front() -> None:
    looked = 0

    def looks(stopped: Callable[[], bool]) -> Iterator[frozenset[int]]:
        nonlocal looked
        looked += 1
        yield frozenset((looked,))

    app = Watcher(looks, 0.01)
    async with app.run_test() as pilot:
        await until(pilot, lambda: looked > 3)
        app.watching.pause()
        await pilot.pause(0.1)  # a look may have been under way
        paused = looked
        await pilot.pause(0.2)
        assert looked == paused
        app.watching.look_now()
        await until(pilot, lambda: looked > paused + 3)
    ended = looked
    assert app.watching._thread is not None
    assert not app.watching._thread.is_alive()
    assert looked == ended


async def test_a_look_that_takes_long_is_told_to_leave_off() -> None:
    def looks(stopped: Callable[[], bool]) -> Iterator[frozenset[int]]:
        yield frozenset((1,))
        while not stopped():
            threading.Event().wait(0.005)

    app = Watcher(looks, 60)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.taken)
    assert app.watching._thread is not None
    assert not app.watching._thread.is_alive()


async def test_a_thread_that_fails_fails_its_screen() -> None:
    def looks(stopped: Callable[[], bool]) -> Iterator[frozenset[int]]:
        raise KeyError("column")

    async def used() -> None:
        async with Watcher(looks, None).run_test() as pilot:
            await _ended(pilot)

    with pytest.raises(KeyError, match="column"):
        await used()


async def _ended(pilot: Pilot[int]) -> None:
    await until(pilot, lambda: not pilot.app.is_running)
