"""The sections of a report, one module each: a function from what is known of a run to a heading and its blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cxrtui.evaluation.report.blocks import Section
from cxrtui.evaluation.report.material import Material
from cxrtui.evaluation.report.sections import confounders, data, evaluation, limits, provenance, split, training

SECTIONS: Sequence[Callable[[Material], Section]] = (
    data.section, split.section, training.section, evaluation.section, confounders.section, limits.section,
    provenance.section,
)  # fmt: skip
"""In the order of the page; example films come before the limits, where there are any."""
