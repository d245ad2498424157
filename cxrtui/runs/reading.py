"""Reading a log into a state: what cannot be folded is passed over, and counted among the log's problems."""

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
    """`state` after what was read of a log, and the types of it.

    An event that cannot be folded is passed over and counted among the log's problems: logs may hold what other
    programs wrote.
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
    """The log at `path` folded, from `offset` on; `problem` says what of it could not be read."""
    tail = EventTail(path, offset=offset)
    state = RunState()
    for found in tail.read():
        state, _ = fold_read(state, found, tail)
    return with_problem(state, tail.problem)
