"""Events of every type, and the logs of trainings that are killed and go on, for property tests."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from cxrtui.runs import events as ev
from tests.event_samples import epoch_events, whole_run

WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
WORDS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\\"), max_size=12)


def of_type(kind: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values that a field of the type `kind` holds."""
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: WHOLE, float: NUMBER, bool: st.booleans(), str: text, Any: st.none() | st.booleans() | WHOLE | text,
    }  # fmt: skip
    if kind in plain:
        return plain[kind]
    inner = of_type(typing.get_args(kind)[-1], text)
    if typing.get_origin(kind) is list:
        return st.lists(inner, max_size=3)
    return st.dictionaries(text, inner, max_size=3)


@st.composite
def events(draw: st.DrawFn, text: st.SearchStrategy[str] = WORDS) -> ev.Event:
    """An event as a log may hold it."""
    kind = draw(st.sampled_from(list(ev.TYPES.values())))
    values = {name: draw(of_type(hint, text)) for name, hint in typing.get_type_hints(kind).items()}
    values["time"] = draw(st.floats(ev.EARLIEST, ev.LATEST))
    if kind is ev.Evaluated:
        values["counts"] = dict.fromkeys(sorted(ev.COUNTED), draw(WHOLE))
    if kind is ev.DataPrepared:
        values["unreadable"] = draw(st.lists(st.tuples(text, text).map(list), max_size=2))
    return kind(**values)


def training(kills: list[tuple[int, int]], epochs: int = 5) -> Iterator[ev.Event]:
    """A training of `epochs` epochs that is killed and goes on from its latest checkpoint.

    `kills`: in which epoch, and after how many of its events.
    """
    begin, done = whole_run(0)[:8], whole_run(0)[-2:]
    yield from begin
    left, epoch = list(kills), 1
    while epoch <= epochs:
        happened = epoch_events(epoch)
        if left and left[0][0] == epoch:
            yield from happened[: left.pop(0)[1]]
            yield ev.Resumed(time=5000.0, step=3 * (epoch - 1), epoch=epoch - 1, restored=True)
            continue
        yield from happened
        epoch += 1
    yield from done
