"""This module turns an event into a line of a log, one JSON object, and back, with a check of the fields' types."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from cxrtui import strict_json
from cxrtui.runs import events, schema

_CHECKS = {kind: schema.checks(cls) for kind, cls in events.TYPES.items()}  # by the type of an event, built once
_CODES = (("Leakage by patient", events.PATIENTS_UNKNOWN),)  # for old warnings without a code, by the first words


class DamagedError(ValueError):
    """A line of a log names a known type, but its fields are not those of that type; the message says which."""


def encode(event: events.Event) -> str:
    """Return the event as one line of JSON without the newline; a number that is not finite is null, read as NaN."""
    body = {item.name: getattr(event, item.name) for item in fields(event)}
    return strict_json.dumps({"v": events.VERSION, "type": type(event).__name__, **body})


def decode(line: str | bytes) -> events.Event | None:
    """Return the event in `line`, or None if it is torn, foreign, or of a type that this version does not know.

    The text in it is made printable, because a label, a file's name or a reason may come from anywhere.
    """
    try:
        return parse(line)
    except DamagedError:
        return None


def parse(line: str | bytes) -> events.Event | None:
    """Return the event in `line` as `decode` does, but raise if it is damaged.

    Raises:
        DamagedError: the type is known, but a field is missing or its value is not valid.
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
        raise DamagedError(f"a {kind} with an impossible time")
    if isinstance(event, events.Evaluated) and not event.counts.keys() >= events.COUNTED:
        raise DamagedError(f"a {kind} without its counts")
    if isinstance(event, events.DataPrepared) and any(len(row) != 2 for row in event.unreadable):
        raise DamagedError(f"a {kind} whose unreadable is not valid")
    if isinstance(event, events.Warned) and not event.code:
        return replace(event, code=next((code for words, code in _CODES if event.message.startswith(words)), ""))
    return event
