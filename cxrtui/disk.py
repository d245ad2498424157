"""This module finds out why a disk refused and what helps, from Python's errors and from those of libraries."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MAKE_ROOM = "make room"
_REMEDIES = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.EIO: "check the disk",
}
# TensorStore says "[OS error 28: ENOSPC …]"; array_record and others quote the system's own sentence.
_NUMBERED = re.compile(r"OS error (\d+)")
_SENTENCES = {os.strerror(number).lower(): number for number in _REMEDIES}


@dataclass(frozen=True)
class Refusal:
    """Why the disk refused, as a clause, and what the user can do, as an imperative."""

    reason: str
    remedy: str


def refusal(error: BaseException) -> Refusal | None:
    """Return the refusal of a disk that `error` or one of its causes reports; None if there is none."""
    for one in _chain(error):
        number = _number(one)
        if number is not None:
            return Refusal(_lowered(os.strerror(number)), _REMEDIES[number])
    return None


def explained(error: BaseException) -> str:
    """Return one line for an error: why the disk refused, or else the first line of its message."""
    if known := refusal(error):
        return known.reason
    if isinstance(error, OSError) and error.strerror:
        return _lowered(error.strerror)
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def with_remedy(error: BaseException) -> str:
    """Return `explained(error)`, followed by what the user can do if the disk refused."""
    known = refusal(error)
    return f"{known.reason}; {known.remedy}" if known else explained(error.__cause__ or error)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in _REMEDIES else None
    text = str(error)
    if (found := _NUMBERED.search(text)) and int(found[1]) in _REMEDIES:
        return int(found[1])
    lowered = text.lower()
    return next((number for sentence, number in _SENTENCES.items() if sentence in lowered), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, the errors of a group, and the causes and contexts of each."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        waiting.extend(item for item in (one.__cause__, one.__context__) if item is not None)
