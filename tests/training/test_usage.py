"""How much of the machine a run uses, measured on this one."""

import time

import psutil
import pytest

from cxrtui.runs import codec
from cxrtui.training.usage import UsageMeter


def test_a_busy_process_is_measured_and_its_event_survives_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    meter = UsageMeter(seconds=5.0)
    assert not meter.due
    before = meter._own_seconds()
    while meter._own_seconds() < before + 0.05:  # of a processor, in steps of 0.01
        pass
    clock += 5.0
    assert meter.due
    found = meter.read()
    assert not meter.due
    assert found.cpu >= 0.01
    assert 0 <= found.host_cpu <= 1
    assert 0 < found.memory < found.host_memory_total == psutil.virtual_memory().total
    assert found.devices == [], "tests run on the CPU, which is no accelerator"
    assert codec.decode(codec.encode(found)) == found
