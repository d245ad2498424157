from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import FilmError
from cxrtui.tui.backend import OpenedFilm
from cxrtui.tui.widgets.films import decoding
from cxrtui.tui.widgets.films.decoding import Decoded, Films


class Screen:
    def __init__(self) -> None:
        self.messages: list[Decoded] = []
        self.came = threading.Event()

    def post_message(self, message: Any) -> bool:
        self.messages.append(message)
        self.came.set()
        return True


def wait(condition: Any) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_wanted_film_comes_first_and_those_beside_it_are_at_hand(tmp_path: Path) -> None:
    opened: list[str] = []

    def open_film(path: Path) -> OpenedFilm:
        opened.append(path.name)
        if path.name == "torn":
            raise FilmError("it is torn")
        if path.name == "odd":
            raise ZeroDivisionError("no such thing")
        return OpenedFilm(np.zeros((8, 8), np.uint8))

    screen = Screen()
    films = Films(screen, open_film)  # type: ignore[arg-type]
    films.start()
    paths = {name: tmp_path / name for name in ("a", "b", "torn", "odd")}
    for path in paths.values():
        path.touch()
    assert films.want(paths["a"], [paths["b"], paths["torn"], paths["odd"]]) is None
    wait(lambda: screen.messages)
    assert [message.path for message in screen.messages] == [paths["a"]]
    wait(lambda: all(map(films.has, paths.values())))
    assert sorted(opened) == ["a", "b", "odd", "torn"]
    torn, odd = films.want(paths["torn"]), films.want(paths["odd"])
    assert torn is not None
    assert odd is not None
    assert (torn.error, odd.error) == ("it is torn", "ZeroDivisionError: no such thing")
    assert films.want(paths["b"]) is not None
    time.sleep(0.05)
    assert len(screen.messages) == 1  # nothing that is at hand is decoded again
    paths["b"].write_bytes(b"changed")
    assert films.want(paths["b"]) is not None
    wait(lambda: len(screen.messages) == 2)
    assert screen.messages[1].path == paths["b"]
    films.stop()


def test_only_so_many_pixels_are_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(decoding, "BYTES_MOST", 2 * (100 * 100 + 1024))
    screen = Screen()
    films = Films(screen, lambda path: OpenedFilm(np.zeros((100, 100), np.uint8)))  # type: ignore[arg-type]
    films.start()
    for place in range(4):
        films.want(tmp_path / str(place))
        wait(lambda place=place: len(screen.messages) == place + 1)
    assert [films.has(tmp_path / str(place)) for place in range(4)] == [False, False, True, True]
    films.stop()
