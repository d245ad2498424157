"""Writes classified files as lines of JSON and of CSV: what ``classify`` prints, and what the dashboard exports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cxrtui import strict_json
from cxrtui.printable import cell, path_cell

Form = Literal["json", "csv"]


class Row(Protocol):
    """One classified file, such as a `Classified`."""

    @property
    def file(self) -> str:
        """The path as it was given."""

    @property
    def ok(self) -> bool:
        """Whether the file could be read."""

    @property
    def label(self) -> str:
        """The predicted class."""

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability of each class, the positive one last."""

    @property
    def threshold(self) -> float:
        """Probability from which a film is predicted positive."""

    @property
    def calibrated(self) -> bool:
        """Whether the probabilities are calibrated; else they are the network's own."""

    @property
    def error(self) -> str:
        """Why there is no prediction."""

    @property
    def notes(self) -> Sequence[str]:
        """Remarks on how the pixels were read."""

    @property
    def refused(self) -> bool:
        """Whether there is no prediction because it is no frontal chest film."""


@dataclass(frozen=True)
class Classified:
    """The classifier's answer for one file, or in `error` why there is none.

    `label` is the predicted class, `probabilities` are by class, and `notes` say how the pixels had to be read.
    `heatmap` is the path of the film's heat map: None if none was asked for, empty if it could not be made.
    `calibrated` says whether the probabilities are calibrated; else they are the network's own.
    `refused` says that it was read and is no frontal chest film. `turned` (degrees clockwise) and `inverted` say how it
    was righted. `unrefused` says that none was to be refused, nor righted. `abstained` says that there is no label
    because the probability is too near to the threshold.
    """

    file: str
    ok: bool
    label: str = ""
    probabilities: dict[str, float] = field(default_factory=dict)
    threshold: float = 0.0
    error: str = ""
    notes: Sequence[str] = ()
    heatmap: str | None = None
    calibrated: bool = False
    refused: bool = False
    turned: int = 0
    inverted: bool = False
    unrefused: bool = False
    abstained: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the row as scripts read it."""
        return as_dict(self)


COLUMNS = ("file", "ok", "label", "positive", "probability", "threshold", "calibrated", "error", "notes", "refused")
"""The columns of a CSV; `probability` is that of the class in `positive`. With heat maps there is ``heatmap`` too."""


def lines(rows: Iterable[Row], form: Form) -> Iterator[str]:
    """Yield the text of each row as it comes, with its line end; of a CSV, the first one begins with the header."""
    for place, row in enumerate(rows):
        if form == "json":
            yield strict_json.dumps(as_dict(row)) + "\n"
        else:
            header = COLUMNS if heatmap_of(row) is None else (*COLUMNS, "heatmap")
            yield (_csv_line(header) if place == 0 else "") + _csv_line(_cells(row))


def heatmap_of(row: Row) -> str | None:
    """Return the path of the heat map, empty if it could not be made; None where none was asked for."""
    path: str | None = getattr(row, "heatmap", None)
    return path


def as_dict(row: Row) -> dict[str, Any]:
    """Return a row as scripts read it; it has a heat map, or null for one, only if that was asked for."""
    heatmap = heatmap_of(row)
    asked = {} if heatmap is None else {"heatmap": heatmap or None}
    if not row.ok:
        return {
            "file": row.file,
            "ok": False,
            **({"refused": True} if row.refused else {}),
            "error": row.error,
            **asked,
        }
    abstained = {"abstained": True} if getattr(row, "abstained", False) else {}
    return {"file": row.file, "ok": True, "label": row.label or None, **abstained,
            "probabilities": dict(row.probabilities), "threshold": row.threshold, "calibrated": row.calibrated,
            "notes": list(row.notes), **_righted(row), **asked}  # fmt: skip


def _righted(row: Row) -> dict[str, Any]:
    """Return how a film was righted, or that none was to be refused; nothing for most films."""
    turned, inverted = getattr(row, "turned", 0), getattr(row, "inverted", False)
    found: dict[str, Any] = {"righted": {"turned": turned, "inverted": inverted}} if turned or inverted else {}
    return found | ({"refusal": "off"} if getattr(row, "unrefused", False) else {})


def _cells(row: Row) -> tuple[object, ...]:
    positive, probability = list(row.probabilities.items())[-1] if row.ok else ("", "")
    heatmap = heatmap_of(row)
    return (
        path_cell(row.file), row.ok, cell(row.label), cell(positive), probability, row.threshold if row.ok else "",
        row.calibrated if row.ok else "", cell(row.error), cell("; ".join(row.notes)), row.refused,
        *(() if heatmap is None else (path_cell(heatmap),)),
    )  # fmt: skip


def _csv_line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
