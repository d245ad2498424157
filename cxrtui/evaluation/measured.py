"""Measures a classifier on the films of a split, while it yields its progress."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.pool import OnProgress, reported
from cxrtui.data.prepared.columns import sizes
from cxrtui.data.prepared.ready import Split
from cxrtui.errors import CheckCancelled
from cxrtui.evaluation.measures import PHASE, Films, Measures, measure
from cxrtui.evaluation.operation import Operation
from cxrtui.runs.events import Preparing


def measured(
    split: Split,
    probabilities: NDArray[np.float64],
    operation: Operation,
    check_cancelled: CheckCancelled,
    *,
    prevalence: float | None = None,
    more: Mapping[str, Sequence[str]] | None = None,
) -> Generator[Preparing, None, Measures]:
    """Return the measures of a split's films, with tables by source, view, sex, age and size.

    Args:
        split: the films.
        probabilities: ``[N]``, the network's own, of the positive class; finite.
        operation: the calibration and the operating point.
        check_cancelled: is asked about ten times a second.
        prevalence: as in `measure`.
        more: further columns, each ``[N]``.

    Raises:
        Cancelled: `check_cancelled` said so.
    """

    def work(on_progress: OnProgress) -> Measures:
        columns = {"source": split.sources, **split.columns, "size": sizes(split.paths, on_progress), **(more or {})}
        films = Films(split.labels, probabilities, split.patients, columns)
        return measure(films, operation, prevalence=prevalence, on_progress=on_progress)

    return (yield from reported(work, PHASE, check_cancelled))
