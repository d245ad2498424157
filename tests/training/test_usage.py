"""How much of the machine a run uses, measured on this one."""

import time

import psutil

from cxrtui.runs import codec
from cxrtui.training.usage import UsageMeter


def test_a_busy_process_is_measured_and_its_event_survives_the_log() -> None:
    meter = UsageMeter(seconds=0.2)
    assert not meter.due
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass
    assert meter.due
    found = meter.read()
    assert not meter.due
    assert found.cpu > 0
    assert 0 <= found.host_cpu <= 1
    assert 0 < found.memory < found.host_memory_total == psutil.virtual_memory().total
    assert found.devices == [], "tests run on the CPU, which is no accelerator"
    assert codec.decode(codec.encode(found)) == found
