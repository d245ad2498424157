"""The patient's age in years, as the source gives it, and whether it gives one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind

_YEARS = re.compile(r"\d+(\.\d+)?")


def columns(films: Sequence[Known]) -> Columns:
    """Return the patients' ages."""
    return Columns(numbers={"age": [_years(film.film.age) for film in films]})


def _years(age: str) -> float | None:
    found = _YEARS.match(age)
    return float(found[0]) if found else None


KIND = Kind("age", "age", "match the patients of the classes by age, or keep to an age that both classes have", columns)
