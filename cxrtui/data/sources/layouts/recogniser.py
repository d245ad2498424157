"""This module defines the entry of a layout of films."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data.films import Film


@dataclass(frozen=True)
class Recogniser:
    """A layout that cxrtui reads by itself.

    `name` forces it (``--data name:PATH``); `recognises` is cheap and never raises; `read` counts in its second
    argument what it leaves out, by reason. `positive` and `negative` are the rule if the user sets none; ``*`` means
    every other finding. `question` replaces the general question where nothing decides the classes.
    """

    name: str
    about: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Counter[str]], Iterable[Film]]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    question: str = ""
