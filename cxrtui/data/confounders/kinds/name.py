"""The name of the file: its ending, its pattern and the words in it. Folders do not count: often they are classes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]+")


def pattern(stem: str) -> str:
    """Return the pattern of a file's name: 0 for each run of digits, a for each run of letters, the rest as it is.

    Example:
        >>> pattern("00000013_026"), pattern("covid-19-pneumonia-8")
        ('0_0', 'a-0-a-0')
    """
    return _RUNS.sub(lambda run: "0" if run[0][0].isdigit() else "a", stem)


def columns(films: Sequence[Known]) -> Columns:
    """Return the features of the films' names."""
    names = [film.film.path.name for film in films]
    stems = [film.film.path.stem for film in films]
    return Columns(
        numbers={
            "length": [float(len(stem)) for stem in stems],
            "digits": [float(sum(map(str.isdigit, stem))) for stem in stems],
        },
        words={
            "ending": [film.film.path.suffix for film in films],
            "pattern": [pattern(stem) for stem in stems],
        },
        bags={"words": [[word.casefold() for word in _WORDS.findall(name)] for name in names]},
    )


KIND = Kind(
    "name", "file name and ending",
    "the network sees no names, but such names show that the classes come from different places: take both from the "
    "same places, or hold a source out for the test", columns,
)  # fmt: skip
