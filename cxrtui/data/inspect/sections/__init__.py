"""This package makes the sections of ``data inspect``, one file each, and lists them in the order shown.

To add a section, write a file with a function ``section(look) -> Section`` and name it in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

from cxrtui.data.inspect.section import Look, Section
from cxrtui.data.inspect.sections import (
    ages,
    columns,
    depths,
    findings,
    left_out,
    missing,
    patients,
    remarks,
    rest,
    rule,
    sexes,
    sizes,
    sources,
    types,
    unreadable,
    views,
)

SECTIONS: tuple[Callable[[Look], Section], ...] = tuple(
    module.section
    for module in (
        findings, rule, rest, sources, views, sexes, ages, patients, sizes, depths, types, columns, left_out,
        unreadable, remarks, missing,
    )
)  # fmt: skip
