"""This module says of many films which of them show no frontal chest film, in words for a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cxrtui.data.frontal.recognise import View
from cxrtui.printable import listing
from cxrtui.runs.events import Warned

_FIRST = 3  # films that are named
_KINDS = 4  # reasons that are counted; the rest is counted together


def oddity(view: View | None) -> str:
    """Return what is odd about a film, as a clause: why it is no frontal chest film, or how it lies; mostly empty."""
    if view is None:
        return ""
    return view.refused or (f"it {view.righting.wrong}" if view.righting else "")


def warning(odd: Mapping[str, str], total: int) -> Warned | None:
    """Return a warning about the films that are odd, their names with the reasons, of `total`; None if none is."""
    if not odd:
        return None
    look = "does not look like an upright frontal chest film" if len(odd) == 1 else (
        "do not look like upright frontal chest films")  # fmt: skip
    used = "It is" if len(odd) == 1 else "They are"
    counts = Counter(odd.values()).most_common()
    said = [f"{count:,} ({reason})" for reason, count in counts[:_KINDS]]
    if rest := sum(count for _, count in counts[_KINDS:]):
        said.append(f"{rest:,} for other reasons")
    more = f" and {len(odd) - _FIRST:,} more" if len(odd) > _FIRST else ""
    named = listing(list(odd)[:_FIRST]) + more
    return Warned(
        code="not-frontal",
        message=f"Of {total:,} films, {len(odd):,} {look}: {'; '.join(said)}. "
        f"{used} used all the same ({named}); data inspect lists them all, to remove what does not belong.",
    )
