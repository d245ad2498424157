"""The curve of a list is what the whole log folds into."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrtui.runs import codec, curve
from cxrtui.runs import events as ev
from cxrtui.runs.curve import Curve
from cxrtui.runs.glance import Overview
from tests.runs.strategies import training
from tests.tui import logs

KILLS = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 9)), max_size=4)


@settings(max_examples=25, deadline=None)
@given(KILLS, st.integers(50, 3000))
def test_it_is_what_the_log_folds_into(
    tmp_path_factory: pytest.TempPathFactory, kills: list[tuple[int, int]], block: int
) -> None:
    run = logs.write(tmp_path_factory.mktemp("runs"), "one", list(training(sorted(kills), epochs=8)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curve, "_BLOCK", block)
        found = Curve(run.events_file).look("auroc")
    assert found == tuple(item.metrics["auroc"] for item in run.read().validations)


def test_it_grows_with_the_log_and_begins_anew_with_it(tmp_path: Path) -> None:
    events = logs.trained(4)
    run = logs.write(tmp_path, "one", [])
    look = Curve(run.events_file)
    text = "".join(codec.encode(event) + "\n" for event in events)
    validations = [event.metrics["loss"] for event in events if isinstance(event, ev.Validated)]
    with run.events_file.open("w") as file:
        for place in range(0, len(text), 777):  # torn lines
            file.write(text[place : place + 777])
            file.flush()
            found = look.look("loss")
            assert found == tuple(validations[: len(found)])
    assert look.look("loss") == tuple(validations)
    assert all(map(math.isnan, look.look("dice")))
    run.events_file.write_text("")
    assert look.look("loss") == ()
    assert Curve(tmp_path / "none").look("loss") == ()


def test_only_wanted_runs_have_one(tmp_path: Path) -> None:
    runs = [logs.write(tmp_path, name, logs.finished(name)) for name in ("a", "b")]
    overview = Overview(tmp_path)
    assert all(not item.curve for item in overview.look())
    overview.wanted = frozenset({runs[0].folder})
    assert [len(item.curve) for item in sorted(overview.look(), key=lambda item: item.run.name)] == [12, 0]
    known = overview.look()
    assert all(now is then for now, then in zip(overview.look(), known, strict=True))
