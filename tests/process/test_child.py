from __future__ import annotations

import json
import os
import threading
import time

import pytest

from cxrtui.process.child import Orders, Replies, read_lines
from cxrtui.runs import codec
from cxrtui.runs import events as ev


def test_the_end_of_the_parent_asks_for_a_stop() -> None:
    orders = Orders()
    orders.follow(iter([]))
    assert orders.stop.is_set()
    assert orders.fault == ""


def test_a_run_that_was_let_go_outlives_its_parent() -> None:
    orders = Orders()
    orders.follow(iter([{"let_go": True}]))
    assert not orders.stop.is_set()


def test_a_run_that_was_let_go_may_still_have_been_asked_to_stop() -> None:
    orders = Orders()
    orders.follow(iter([{"stop": ""}, {"stop": "The dashboard has failed (KeyError)"}, {"let_go": True}]))
    assert orders.stop.is_set()
    assert orders.fault == "The dashboard has failed (KeyError)"


def test_lines_are_read_whole_wherever_the_pipe_cuts_them() -> None:
    reader, writer = os.pipe()
    text = json.dumps({"stop": "ünterbrochen" * 20000}).encode() + b'\n{"let_go": true}\n{"torn'

    def write() -> None:  # a pipe holds 64 KiB, so the reader must take what is there
        for start in range(0, len(text), 10007):
            os.write(writer, text[start : start + 10007])
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    found = list(read_lines(reader))
    thread.join()
    os.close(reader)
    assert found == [{"stop": "ünterbrochen" * 20000}, {"let_go": True}]


def test_replies_are_few_and_a_parent_that_has_gone_costs_nothing() -> None:
    reader, writer = os.pipe()
    replies = Replies(writer)
    failed = ev.Failed(error="DataError", message="No films.", exit_code=3)
    for event in (ev.Preparing(stage="starting JAX"), ev.Preparing(stage="compiling"), failed):
        replies.on_event(codec.encode(event), event)
    replies.write(ended=3)
    told = [json.loads(line) for line in os.read(reader, 1 << 16).splitlines()]
    assert told == [{"begun": True}, {"failed": codec.encode(failed)}, {"ended": 3}]
    os.close(reader)
    replies.write(ended=3)
    os.close(writer)


def test_a_training_that_lost_its_command_has_five_minutes_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    orders = Orders()
    assert not orders.overdue
    orders.stop_orphaned("its command was ended")
    assert (orders.orphaned, orders.stop.is_set(), orders.fault) == (True, True, "its command was ended")
    now += 299
    assert not orders.overdue
    now += 2
    assert orders.overdue
