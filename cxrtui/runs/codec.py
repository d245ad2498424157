"""A line of a log and its event: one JSON object, held to the types of the event's fields."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from cxrtui import strict_json
from cxrtui.runs import events, schema

_CHECKS = {kind: schema.checks(cls) for kind, cls in events.TYPES.items()}  # by the type of an event, built once
_CODES = (("Leakage by patient", events.PATIENTS_UNKNOWN),)  # of a warning without a code, by how its message begins


class DamagedError(ValueError):
    """A line of a log that names a known type and does not hold what that has; the message says what."""


def encode(event: events.Event) -> str:
    """The event as one line of JSON, without the newline; a number that is not finite is null, and is read as NaN."""
    body = {item.name: getattr(event, item.name) for item in fields(event)}
    return strict_json.dumps({"v": events.VERSION, "type": type(event).__name__, **body})


def decode(line: str | bytes) -> events.Event | None:
    """The event in `line`, or None where it is torn, foreign, or of a type that this version does not know.

    Its text is printable: a label, a file's name or a reason in it may come from anywhere.
    """
    try:
        return parse(line)
    except DamagedError:
        return None


def parse(line: str | bytes) -> events.Event | None:
    """As `decode`.

    Raises:
        DamagedError: the type is known, and a field is missing or holds what it cannot.
    """
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    kind = body.get("type") if isinstance(body, dict) else None
    if not isinstance(kind, str) or kind not in events.TYPES:
        return None
    known = _CHECKS[kind]
    try:
        values = {key: known[key](value) for key, value in body.items() if key in known}
        event = events.TYPES[kind](**values)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DamagedError(f"a {kind} {schema.misfit(body, known) or 'that lacks something'}") from error
    if not events.EARLIEST <= event.time <= events.LATEST:
        raise DamagedError(f"a {kind} at no time that can be")
    if isinstance(event, events.Evaluated) and not event.counts.keys() >= events.COUNTED:
        raise DamagedError(f"a {kind} without its counts")
    if isinstance(event, events.DataPrepared) and any(len(row) != 2 for row in event.unreadable):
        raise DamagedError(f"a {kind} whose unreadable is not valid")
    if isinstance(event, events.Warned) and not event.code:
        return replace(event, code=next((code for words, code in _CODES if event.message.startswith(words)), ""))
    return event
