"""This module filters and sorts the runs of a list; a run without a value comes last in either direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cxrtui.errors import UsageError
from cxrtui.runs.fields import FIELDS, Field, field_of, names
from cxrtui.runs.filter import Filter
from cxrtui.runs.follow import Snapshot
from cxrtui.settings.field import nearest


@dataclass(frozen=True)
class Order:
    """What a list is sorted by. `reverse` turns the direction that the value has by itself."""

    field: Field = FIELDS["age"]
    reverse: bool = False

    @property
    def descending(self) -> bool:
        """Whether the greatest value comes first."""
        return self.field.best_last != self.reverse


LATEST = Order()
"""The run that was active last comes first; as long as some logs are not read, the one whose file is the newest."""


def order_of(name: str, reverse: bool = False) -> Order:
    """Return the order by the value called `name`.

    Raises:
        UsageError: there is no such value.
    """
    field = field_of(name)
    if field is None:
        raise UsageError(f"Runs cannot be sorted by {name!r}{nearest(name, names()) or '.'}")
    return Order(field, reverse)


def arranged(runs: Iterable[Snapshot], wanted: Filter, order: Order, now: float) -> list[Snapshot]:
    """Return the `runs` that match, in order; runs with the same value keep the order of `runs`.

    If none matches and the last word of the filter may be the beginning of a name, that word does not count.
    """
    runs = list(runs)
    kept = [run for run in runs if wanted.matches(run, now)] if wanted.tests else runs
    if not kept and wanted.begun:
        kept = [run for run in runs if replace(wanted, tests=wanted.tests[:-1]).matches(run, now)]
    if order == LATEST and not all(run.read for run in kept):
        return kept
    of = order.field.order or order.field.value
    keyed = [(run, of(run, now)) for run in kept]
    known = [(run, _comparable(key)) for run, key in keyed if key is not None and key != ()]
    known.sort(key=lambda item: item[1], reverse=order.descending)
    return [run for run, _ in known] + [run for run, key in keyed if key is None or key == ()]


def _comparable(key: object) -> tuple[object, ...]:
    """Return a key whose parts can be compared with those of another run's: text without case after numbers."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple((1, part.casefold()) if isinstance(part, str) else (0, part) for part in parts)
