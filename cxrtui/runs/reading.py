"""This module reads a log into a state; events that cannot be folded are skipped and counted as problems of the log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxrtui.runs import events as ev
from cxrtui.runs.state import RunState, fold, fold_block, with_problem
from cxrtui.runs.steps import StepBlock
from cxrtui.runs.tail import EventTail, Read

News = frozenset[type[ev.Event]]
"""Types of the events that came since the last look."""


def fold_read(state: RunState, found: Iterable[Read], tail: EventTail) -> tuple[RunState, News]:
    """Return `state` after the events `found` of a log, and the types of these events.

    An event that cannot be folded is skipped and counted as a problem of the log, because other programs may have
    written to it.
    """
    kinds: set[type[ev.Event]] = set()
    for item in found:
        if isinstance(item, StepBlock):
            state = fold_block(state, item)
            kinds.add(ev.StepDone)
            continue
        try:
            state = fold(state, item)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
            tail.note(f"a {type(item).__name__} that says nothing ({type(error).__name__})")
            continue
        kinds.add(type(item))
    return state, frozenset(kinds)


def read_log(path: Path, *, offset: int = 0) -> RunState:
    """Return the state of the log at `path` from byte `offset` on; `problem` says what could not be read."""
    tail = EventTail(path, offset=offset)
    state = RunState()
    for found in tail.read():
        state, _ = fold_read(state, found, tail)
    return with_problem(state, tail.problem)
