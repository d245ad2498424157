"""The projection of the film: PA, AP, AP supine, or not known. Bedside films are AP, and the sickest lie in bed."""

from __future__ import annotations

from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind


def columns(films: Sequence[Known]) -> Columns:
    """Return the films' views."""
    return Columns(words={"view": [film.film.view for film in films]})


KIND = Kind(
    "view", "view",
    "train on one view (data.views), or balance the views between the classes", columns,
)  # fmt: skip
