"""Says whether a file holds the table of a protocol: it may be of anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cxrtui.evaluation.protocols.pooling import AUROC, FRACTIONS

_METRICS = (AUROC, *FRACTIONS)


def is_table(body: Any) -> bool:
    """Whether `body` has each part of a table that is shown, and each is of its type."""
    try:
        rows = body["trainings"]
        whole = [body["seeds"], *(body["tested"][name] for name in ("positive", "negative", "patients"))]
        whole += [row[name] for row in rows for name in ("seed", "positive", "negative", "patients")]
        texts = [body["protocol"], body["about"], *body["cautions"], *body["classes"]]
        texts += [row[name] for row in rows for name in ("fold", "held_out")]
        return (
            len(body["classes"]) == 2
            and all(type(value) is int for value in whole)
            and all(isinstance(text, str) for text in texts)
            and all(value is None or type(value) in (int, float) for value in _figures(body))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _figures(body: Mapping[str, Any]) -> Iterator[Any]:
    """Yield each figure of the table that is not a count; KeyError if one is missing."""
    estimates = [found for reached in body["baseline"].values() for found in reached.values()]
    for metrics in (body["pooled"], *(row["metrics"] for row in body["trainings"])):
        estimates += [*(metrics[name] for name in _METRICS), *metrics.values()]
    estimates += [row["baseline"] for row in body["trainings"] if row.get("baseline") is not None]
    for found in estimates:
        yield from (found["value"], found["low"], found["high"])
    for name, spread in body["spread"].items():
        if name not in _METRICS:
            raise KeyError(name)
        yield from (spread["mean"], spread["deviation"], *spread["values"])
