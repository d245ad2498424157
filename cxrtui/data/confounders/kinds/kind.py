"""This module defines a kind of confounder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxrtui.data.confounders.columns import Columns
from cxrtui.data.confounders.film import Known, Values

Pixels = npt.NDArray[np.uint8]
Measure = Callable[[Pixels], Values]

_BLANK: Pixels = np.zeros((64, 64), np.uint8)


@dataclass(frozen=True)
class Kind:
    """A kind of feature that could give the class away.

    Attributes:
        key: its name, in JSON too.
        about: what it is, for the user.
        remedy: what to do about it, a clause with a verb and without a full stop.
        columns: makes the features of films; None for a kind that is measured on pixels.
        measure: returns the features of an image, uint8 `[H, W]`, always the same ones in the same order; None for a
            kind that is not measured on pixels.
        decoded: whether it needs the measures of a worker, and not only the film's record and header.
    """

    key: str
    about: str
    remedy: str
    columns: Callable[[Sequence[Known]], Columns] | None = None
    measure: Measure | None = None
    decoded: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features of an image, the same for every image; none for a kind that measures none."""
        return () if self.measure is None else tuple(self.measure(_BLANK))
