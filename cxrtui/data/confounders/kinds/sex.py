"""The patient's sex, as the source gives it; a film without one counts as a third group."""

from __future__ import annotations

from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind


def columns(films: Sequence[Known]) -> Columns:
    """Return the patients' sex."""
    return Columns(words={"sex": [film.film.sex for film in films]})


KIND = Kind("sex", "sex", "balance the sexes between the classes, or match the patients by sex", columns)
