"""Reads and relates all films of a configuration without dividing them, for protocols that divide them many times."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from cxrtui.data.prepared import split_files, splits
from cxrtui.data.prepared.folds import Row
from cxrtui.data.prepared.reading import Readable, read
from cxrtui.data.prepared.relating import cautions, compared, contradicting
from cxrtui.errors import CheckCancelled
from cxrtui.runs.events import Event
from cxrtui.settings.config import DataConfig


@dataclass(frozen=True)
class Pooled:
    """All films that count, stored and related.

    Attributes:
        ready: the films, each with its class.
        groups: ``[N]``, as `splits.group_names` gives them.
        used: the indices of the films that no copy contradicts.
    """

    ready: Readable
    groups: list[str]
    used: list[int]

    @property
    def rows(self) -> list[Row]:
        """The films as rows of a split file, whose labels are the names of the two classes."""
        names = self.ready.labels.names
        return [
            {"path": film.name, "label": names[class_index], "patient": film.patient, "part": "",
             "source": film.source, "sha256": digest, split_files.GROUP: group}
            for (film, class_index), digest, group in
            zip(self.ready.films, self.ready.digests, self.groups, strict=True)
        ]  # fmt: skip

    def write(self, file: Path, of_film: list[str] | tuple[str, ...]) -> None:
        """Write a split file in which film `i` is in the split ``of_film[i]``."""
        split_files.write(file, self.ready.films, self.ready.digests, of_film, self.groups)


def pool(data: DataConfig, check_cancelled: CheckCancelled) -> Generator[Event, None, Pooled]:
    """Read, decode and relate the films that `data` names; yield progress and warnings.

    Raises:
        DataError: the films cannot be used, or contradict each other.
        Cancelled: `check_cancelled` said so.
    """
    ready = yield from read(data, data.source, check_cancelled)
    yield from cautions(ready)
    copies = yield from compared(data, ready, check_cancelled)
    dropped = yield from contradicting(data, ready, copies)
    used = [place for place in range(len(ready.films)) if place not in dropped]
    return Pooled(ready, splits.group_names(ready.digests, copies.pairs), used)
