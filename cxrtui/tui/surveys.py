"""Finds out in a thread which films are at a path: their layout, their classes with counts, their patients."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.errors import Cancelled, CxrtuiError
from cxrtui.files import is_url
from cxrtui.settings.config import DataConfig
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend
from cxrtui.workspace import expand

if TYPE_CHECKING:
    from cxrtui.data.films import Collection

_KEPT = 64
_ALL = DataConfig(views=("all",))
_FRESH = 60.0  # seconds for which a survey is kept; a change deep in a folder does not show in the folder itself


@dataclass(frozen=True)
class Survey:
    """The films by class that were found at a path, or why it cannot be used; `path` is the text that was looked up.

    `rule` has the positive and the negative names of the layout, and `question` is its question; see `Collection`.
    `patients` is None if they are not known.
    """

    path: str = ""
    found: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    rule: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    question: str = ""
    layout: str = ""
    patients: int | None = None

    @classmethod
    def of(cls, path: str, collection: Collection, views: tuple[str, ...]) -> Survey:
        """Return the survey of the films of a collection whose view is one of `views`."""
        from cxrtui.data.sources.labels import counted

        rule = (collection.positive, collection.negative)
        known = bool(collection.films) and collection.patients_known
        patients = len({film.patient for film in collection.films}) if known else None
        return cls(path, counted(collection, views), rule=rule, question=collection.question,
                   layout=collection.layout, patients=patients)  # fmt: skip

    @property
    def films(self) -> int:
        """The number of films."""
        return sum(self.found.values())

    @property
    def classes(self) -> str:
        """The classes with their counts, as text."""
        return ", ".join(f"{label} {count:,}" for label, count in self.found.items())

    @property
    def about(self) -> str:
        """Layout and patients, as text."""
        people = "" if self.patients is None else f"{self.patients:,} patient{'s' * (self.patients != 1)}"
        return " · ".join(filter(None, (people, self.layout)))


class Surveys:
    """Surveys paths in a thread, one at a time. Only the newest request counts: it cancels the one before.

    A survey is kept for a minute while the folder or file itself is unchanged, so that a text that was typed before, or
    a cursor that comes back, walks no folder again.
    """

    def __init__(self, backend: Backend, post: Callable[[Survey], object]) -> None:
        """Call `post` in the thread with each survey that was not cancelled."""
        self._backend, self._post = backend, post
        self._lock = threading.Lock()
        self._kept: dict[object, tuple[Survey, float]] = {}
        self._wanted: tuple[str, DataConfig] | None = None
        self._busy = False
        self._number = 0

    def ask(self, text: str, data: DataConfig | None = None) -> None:
        """Survey the paths that `text` names, as ``data.source`` has them; without `data`, every film counts."""
        with self._lock:
            self._number += 1
            self._wanted = (text, deciding(data or _ALL))
            if not self._busy:
                self._busy = True
                threads.start("survey films", self._work)

    def cancel(self) -> None:
        """End the survey under way; nothing more is posted."""
        with self._lock:
            self._number += 1
            self._wanted = None

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._wanted is None:
                    self._busy = False
                    return
                (text, data), number, self._wanted = self._wanted, self._number, None

            def on_progress(phase: str, done: int, total: int, mine: int = number) -> None:
                del phase, done, total
                if mine != self._number:
                    raise Cancelled

            try:
                survey = self._survey(text, data, on_progress)
            except Cancelled:
                continue
            if number == self._number:
                self._post(survey)

    def _survey(self, text: str, data: DataConfig, on_progress: Callable[[str, int, int], None]) -> Survey:
        from cxrtui.data.sources.corrections import corrected

        key = (text.rstrip("/"), data, *map(_identity, (text, data.exclude, data.groups)))
        known, kept_at = self._kept.get(key, (None, 0.0))
        if known is not None and time.monotonic() - kept_at < _FRESH:
            return replace(known, path=text)
        if above_home(text):
            return Survey(text, error="that is not a folder of films alone; name one further down")
        if _in_a_store(text):  # the copying of a folder would begin at every rest in the typing of its URL
            return Survey(text, layout="in a store: copied at the start, and counted then")
        try:
            found = corrected(self._backend.survey(expand(text), on_progress), data)
            survey = Survey.of(text, found, data.views)
        except CxrtuiError as error:
            survey = Survey(text, error=str(error))
        except OSError as error:
            survey = Survey(text, error=error.strerror or type(error).__name__)
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = survey, time.monotonic()
        return survey


def deciding(data: DataConfig) -> DataConfig:
    """Return those of the settings `data` that decide which films of a path count, the others as they are at first."""
    return DataConfig(views=data.views, exclude=data.exclude, groups=data.groups)


def above_home(text: str) -> bool:
    """Return whether `text` is the root or a folder that the user's own folder lies in.

    Such a path is typed on the way to another one; reading all that lies below it would take minutes.
    """
    path, home = Path(os.path.abspath(expand(text))), Path(os.path.abspath(expand("~")))
    return path == Path(path.anchor) or (path != home and home.is_relative_to(path))


def _in_a_store(text: str) -> bool:
    """Return whether `text` names a URL, alone or beside paths."""
    from cxrtui.data.sources.naming import split_name

    return any(is_url(split_name(item.strip())[1]) for item in text.split(","))


def _identity(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    try:
        status = os.stat(expand(text))
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns
