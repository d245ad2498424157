"""This module finds which fact each column of a user's table holds; case, blanks and underscores are ignored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cxrtui.data.films import Tally, printable
from cxrtui.data.sources.table import Table
from cxrtui.errors import DataError
from cxrtui.printable import in_list, listing

# The first name of each fact is its main name and has priority over the others.
NAMES: dict[str, tuple[str, ...]] = {
    "path": (
        "path", "file path", "full path", "rel path", "relative path", "file", "files", "file name", "fname", "image",
        "images", "image path", "image file", "image file name", "image file path", "image name", "image id",
        "image index", "image uid", "img", "img path", "img file", "img name", "img id", "film", "dicom path",
        "dicom file", "dcm path",
    ),
    "label": (
        "label", "labels", "label name", "finding", "findings", "finding label", "finding labels", "class", "classes",
        "class name", "class label", "category", "diagnosis", "diagnoses", "disease", "pathology", "target",
        "ground truth", "covid", "covid 19", "covid status", "covid label",
    ),
    "patient": (
        "patient", "patient id", "patient no", "patient number", "patient key", "patient uid", "patients", "subject",
        "subject id", "subject no", "subject number", "participant", "participant id", "person", "person id", "pid",
        "pat", "pat id", "pat no", "pat nr", "pt id", "patient nr", "patient code", "patient index",
        "patient identifier", "patient hash", "mrn", "anon mrn", "anonymized patient id", "anon patient id",
        "deid patient id", "dicom patient id",
    ),
    "split": ("split", "part", "set", "subset", "partition", "fold", "data split", "data set", "dataset", "phase"),
    "source": (
        "source", "data source", "hospital", "hospital id", "site", "site id", "institution", "institution name",
        "institute", "centre", "center", "clinic", "dataset", "data set", "database", "collection", "origin",
    ),
    "view": ("view", "views", "view position", "view name", "projection", "projection view", "radiographic view"),
    "sex": ("sex", "gender", "patient sex", "patient gender"),
    "age": ("age", "patient age", "age years", "age in years", "age year", "age yrs"),
    "offset": ("offset", "offset days", "admission offset"),
}  # fmt: skip
ROLES = tuple(NAMES)


@dataclass(frozen=True)
class Columns:
    """How the columns of one table were understood: the header of each fact, and the headers that are not read."""

    table: str
    read: dict[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """Return notes on the columns for the user."""
        known = ", ".join(
            f"{role} is {in_list(name)}" if plain(name) != plain(role) else role for role, name in self.read.items()
        )
        lines = [f"{self.table}: {known or 'none is understood'}"]
        return [*lines, f"not read: {listing(self.unread)}"] if self.unread else lines


def plain(name: str) -> str:
    """Return a header without case, blanks, underscores, dashes, full stops, brackets and number signs."""
    return re.sub(r"[\s_\-.#()\[\]]+", "", name).casefold()


_PLAIN = {role: tuple(plain(name) for name in names) for role, names in NAMES.items()}


def candidates(role: str, headers: Iterable[str]) -> list[str]:
    """Return the headers that may be the fact `role`; only those with its main name, where there are any."""
    usual = [header for header in headers if plain(header) in _PLAIN[role]]
    return [header for header in usual if plain(header) == _PLAIN[role][0]] or usual


def noted(table: Table, tally: Counter[str], facts: Mapping[str, Sequence[str]]) -> None:
    """Record in `tally` which columns of a published table are read: those of `facts`, in lower case."""
    if isinstance(tally, Tally):
        there = {header.casefold(): header for header in table.headers if header}
        read = {role: there[name] for role, names in facts.items() for name in reversed(names) if name in there}
        known = {name for names in facts.values() for name in names}
        unread = tuple(header for name, header in there.items() if name not in known)
        tally.columns += Columns(table.shown, read, unread).notes


def one(role: str, headers: Sequence[str], shown: str) -> str:
    """Return the header of the fact `role`, empty where there is none.

    Raises:
        DataError: several headers may be the fact; the message names them.
    """
    found = candidates(role, headers)
    if len(found) > 1:
        raise DataError(
            f"{shown} has the columns {printable(' and '.join(found))}, and each may be the {role}; call the right one "
            f"{role}, or leave the others out."
        )
    return found[0] if found else ""
