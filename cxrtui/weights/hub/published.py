"""Reads the catalogue, which says what weights are published, where, and under which licence. Imports no JAX.

Each has a manifest in ``catalogue/``, which is part of the wheel. It gives the repository, revision, file, format,
licence and, if a public source states it, the checksum. Without a checksum the first fetch is trusted, and its checksum
is recorded. ``CXRTUI_CATALOGUE`` may name a folder of further manifests; a manifest there replaces ours of the same
name.
"""

from __future__ import annotations

import importlib.resources
import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from cxrtui.errors import UsageError
from cxrtui.files import is_name, read_text
from cxrtui.printable import printable
from cxrtui.workspace import expand

FOLDER = "CXRTUI_CATALOGUE"
_Item = TypeVar("_Item", bound=Traversable)


@dataclass(frozen=True)
class Published:
    """Weights that the catalogue names.

    Attributes:
        name: on the shelf.
        about: a description in one line.
        repository, revision, file: their place on Hugging Face; the revision is a full commit.
        licence: its SPDX identifier.
        format: of the file, one of `formats.FORMATS`; the file's keys are checked against it.
        sha256: of the file; empty if no public source states it.
        bytes: size of the file; 0 if it is not known.
        width, stages: of the network, as `config.ModelConfig` has them.
    """

    name: str
    about: str
    repository: str
    revision: str
    file: str
    licence: str
    format: str
    sha256: str = ""
    bytes: int = 0
    width: int = 64
    stages: tuple[int, ...] = (3, 4, 6, 3)

    @property
    def address(self) -> str:
        """Repository and file."""
        return f"{self.repository}/{self.file}"

    @property
    def size(self) -> str:
        """Its size, for people."""
        return f"{self.bytes / 1e6:.0f} MB" if self.bytes else "some 100 MB"

    @property
    def by_hand(self) -> str:
        """What to do where the hub cannot be reached."""
        return (
            f"on a machine that reaches the hub, download {self.file} of {self.repository} at "
            f"revision {self.revision}, carry the file here, and run: cxrtui weights port {self.file} --out {self.name}"
        )


def catalogue() -> dict[str, Published]:
    """Return all published weights of the catalogue, by name; `imagenet`, the default, comes first.

    Raises:
        UsageError: a manifest in the folder that ``CXRTUI_CATALOGUE`` names cannot be used.
    """
    own = importlib.resources.files("cxrtui.weights.hub") / "catalogue"
    found = {name: _parsed(name, item.read_text(encoding="utf-8")) for name, item in _manifests(own.iterdir())}
    if folder := os.environ.get(FOLDER):
        found |= _added(expand(folder))
    return dict(sorted(found.items(), key=lambda item: (item[0] != "imagenet", item[0])))


def _added(folder: Path) -> dict[str, Published]:
    place = folder
    try:
        found = {}
        for name, place in _manifests(folder.iterdir()):
            found[name] = _parsed(name, read_text(place, 1 << 16))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = printable(getattr(error, "strerror", None) or error)[:200]
        raise UsageError(f"{FOLDER}: {place} cannot be used ({reason}); mend it or unset {FOLDER}.") from None
    return found


def _manifests(items: Iterable[_Item]) -> Iterable[tuple[str, _Item]]:
    """Return the manifests among `items`, each with the name of its weights."""
    return ((item.name.removesuffix(".toml"), item) for item in items if item.name.endswith(".toml"))


def _parsed(name: str, text: str) -> Published:
    """Parse a manifest; raises ValueError or TypeError if it is not valid."""
    values = tomllib.loads(text)
    if not is_name(name):
        raise ValueError("its name cannot be one on the shelf")
    if "stages" in values:
        values["stages"] = tuple(values["stages"])
    published = Published(name=name, **values)
    texts = [getattr(published, field) for field in ("about", "repository", "revision", "file", "licence", "format")]
    numbers = [published.bytes, published.width, *published.stages]
    if not all(isinstance(text, str) for text in (*texts, published.sha256)):
        raise TypeError("all but bytes, width and stages are texts")
    if not all(type(number) is int and 0 <= number < 1 << 40 for number in numbers):
        raise TypeError("bytes, width and stages are numbers")
    return published


def find(name: str) -> Published:
    """Return the published weights called `name`.

    Raises:
        UsageError: there are none; the message lists the names in the catalogue.
    """
    every = catalogue()
    if name not in every:
        raise UsageError(
            f"There are no published weights called {name!r}; take one of {', '.join(every)}. For another file: cxrtui "
            "weights port FILE --out NAME"
        )
    return every[name]
