"""The watched metric of each validation of a run, for a small curve in a list, without decoding the steps between."""

from __future__ import annotations

import math
import os
from pathlib import Path

from cxrtui.files import open_file
from cxrtui.runs import codec
from cxrtui.runs import events as ev

_BLOCK = 1 << 20  # bytes that are searched at a time
_MOST = 1 << 26  # bytes at the end of a log that are searched
_LINE_MOST = 1 << 20  # bytes of a line that is kept for the next block
_SOUGHT = (b'"type": "Validated"', b'"type": "Resumed"')


class Curve:
    """Reads the validations of a growing log; `look` reads what is new."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._forget()
        self._inode = 0

    def _forget(self) -> None:
        self._offset, self._rest = 0, b""
        self._found: list[ev.Validated] = []

    def look(self, metric: str) -> tuple[float, ...]:
        """Return the value of `metric` at each validation, in order; NaN where it is missing."""
        try:
            with open_file(self._log) as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._inode or status.st_size < self._offset:
                    self._forget()
                    self._inode, self._offset = status.st_ino, max(0, status.st_size - _MOST)
                file.seek(self._offset)
                while block := file.read(_BLOCK):
                    self._offset += len(block)
                    self._search(self._rest + block)
        except OSError:
            self._forget()
        return tuple(item.metrics.get(metric, math.nan) for item in self._found)

    def _search(self, block: bytes) -> None:
        """Take the events that are sought from the whole lines of `block`, and keep the rest of it."""
        end = block.rfind(b"\n") + 1
        self._rest = block[end:] if len(block) - end <= _LINE_MOST else b""
        places = []
        for mark in _SOUGHT:
            place = block.find(mark, 0, end)
            while place >= 0:
                places.append(place)
                place = block.find(mark, place + len(mark), end)
        for place in sorted(places):
            event = codec.decode(block[block.rfind(b"\n", 0, place) + 1 : block.index(b"\n", place)])
            if isinstance(event, ev.Validated):
                self._found.append(event)
            elif isinstance(event, ev.Resumed) and event.restored:  # what came after the checkpoint was lost
                self._found = [item for item in self._found if item.step <= event.step]
