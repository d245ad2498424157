"""The source of the film: hospital, publisher or collection."""

from __future__ import annotations

from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind


def columns(films: Sequence[Known]) -> Columns:
    """Return the films' sources."""
    return Columns(words={"source": [film.film.source for film in films]})


KIND = Kind(
    "source", "source: hospital, publisher, collection",
    "take the sources that hold both classes, balance the classes within them, and hold one out for the test", columns,
)  # fmt: skip
