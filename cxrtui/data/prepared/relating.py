"""This module compares the films that are read, and warns of what speaks against them.

Its functions are generators of events, as those of `prepare`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from cxrtui.data.pool import OnProgress, reported
from cxrtui.data.prepared.copies import Copies, contradiction, copies_of, refused
from cxrtui.data.prepared.reading import Readable
from cxrtui.errors import CheckCancelled
from cxrtui.runs.events import PATIENTS_UNKNOWN, Event, Preparing, Warned
from cxrtui.settings.config import DataConfig


def cautions(ready: Readable) -> Iterator[Warned]:
    """Yield a warning for each correction without a film, and one if the patients of some films are not known."""
    for remark in ready.collection.remarks:
        yield Warned(code="corrections-absent", message=f"{remark}; the films may have moved.")
    total, unknown = len(ready.films), sum(not film.patient_known for film, _ in ready.films)
    if unknown:
        some = f"{unknown} of {total} films' patients are not known"
        whose = "no film's patient is known" if unknown == total else some
        yield Warned(
            code=PATIENTS_UNKNOWN,
            message=f"Leakage by patient cannot be excluded: {whose}, so each such film counts as a patient of its "
            "own; give a manifest with a patient column, or data.patient_pattern.",
        )


def compared(data: DataConfig, ready: Readable, check_cancelled: CheckCancelled) -> Generator[Preparing, None, Copies]:
    """Return which of the films show one exposure.

    Raises:
        DataError: the disk refuses.
        Cancelled: `check_cancelled` said so.
    """

    def search(on_progress: OnProgress) -> Copies:
        near = data.duplicates == "near"
        return copies_of(ready.films, ready.digests, on_progress, near=near, apart=ready.collection.apart)

    return (yield from reported(search, "comparing films", check_cancelled))


def contradicting(data: DataConfig, ready: Readable, copies: Copies) -> Generator[Event, None, set[int]]:
    """Return the indices of films that contradict each other, which are left out; yield a warning that says so.

    Raises:
        DataError: there are some, and ``data.conflicts`` is not ``drop``.
    """
    dropped = copies.contradicting(len(ready.films))
    if dropped and data.conflicts == "error":
        raise refused(ready.films, copies.conflicts)
    if dropped:
        both = contradiction(ready.films, copies.conflicts)
        yield Warned(
            code="conflicts-dropped",
            message=f"{both}; these and their copies, {len(dropped):,} films, are left out.",
        )
    return dropped
