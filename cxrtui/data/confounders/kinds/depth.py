"""The bits and the colours of the pixels, as the header says."""

from __future__ import annotations

from collections.abc import Sequence

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.kinds.kind import Kind


def columns(films: Sequence[Known]) -> Columns:
    """Return the features of the films' pixels."""
    return Columns(words={"bits": [str(film.header.bits) for film in films],
                          "colours": [film.header.colours for film in films]})  # fmt: skip


KIND = Kind(
    "depth", "bit depth and colours",
    "the network gets 8 bits of grey of every film; take both classes from files of one kind all the same", columns,
)  # fmt: skip
