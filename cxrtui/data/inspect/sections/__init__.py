"""This package makes the sections of ``data inspect``, one file each, and lists them in the order shown.

To add a section, write a file with a function ``section(look) -> Section`` and name it in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.data.inspect.section import Look, Section
from cxrtui.data.inspect.sections import (
    ages,
    columns,
    confounders,
    depths,
    duplicates,
    findings,
    left_out,
    missing,
    not_frontal,
    patients,
    remarks,
    rest,
    rule,
    sexes,
    sizes,
    sources,
    types,
    unreadable,
    verdict,
    views,
)

SECTIONS: tuple[Callable[[Look], Section], ...] = tuple(
    module.section
    for module in (
        verdict, confounders, findings, rule, rest, sources, views, not_frontal, sexes, ages, patients, duplicates,
        sizes, depths, types, columns, left_out, unreadable, remarks, missing,
    )
)  # fmt: skip
