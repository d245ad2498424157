"""The view of the last validation and of the machine, from recorded logs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cxrtui.runs import events as ev
from cxrtui.statistics.operating_point import confusion, rates
from cxrtui.statistics.ranking import roc_points, score_histogram
from cxrtui.tui.app import Dashboard
from cxrtui.tui.monitor.resources import trace
from cxrtui.tui.widgets.counts import bars
from tests.tui import logs
from tests.tui.screen_text import shows, text_of

pytestmark = pytest.mark.slow

LABELS = np.array([0] * 75 + [1] * 19)
PROBABILITIES = np.r_[np.linspace(0.0, 0.7, 75), np.linspace(0.3, 1.0, 19)]  # 53 and 13 are right
GIB = 2**30


def log_of(labels: np.ndarray, devices: list[dict[str, object]]) -> list[ev.Event]:
    epoch, _ = logs.epoch_of(1, 8, (1e9, 0), 8, at=logs.START + 60)
    counts = confusion(labels, PROBABILITIES)
    found: list[ev.Event] = logs.ready("live")
    for event in epoch:
        if isinstance(event, ev.Validated):
            metrics = {**event.metrics, **rates(counts), "auroc": 0.875}
            event = dataclasses.replace(
                event, metrics=metrics, counts=counts, scores=score_histogram(labels, PROBABILITIES),
                roc=roc_points(labels, PROBABILITIES).tolist(),
            )  # fmt: skip
        found.append(event)
    usage = ev.Usage(time=logs.START + 90, cpu=1.9, host_cpu=0.95, memory=3 * GIB, host_memory=9 * GIB,
                     host_memory_total=23 * GIB, devices=devices)  # fmt: skip
    return [*found, usage]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_the_last_validation_and_the_machine(dashboard: Dashboard, size: tuple[int, int]) -> None:
    gpu = {"name": "NVIDIA H100", "use": 0.97, "memory": 12 * GIB, "memory_peak": None, "memory_total": 79 * GIB}
    run = logs.write(dashboard.workspace.checkpoints, "live", log_of(LABELS, [gpu]))
    lock = run.acquire()
    try:
        async with dashboard.run_test(size=size) as pilot:
            dashboard.watch_run(run)
            await shows(pilot, "epoch 1/8")
            while "confusion matrix" not in text_of(pilot):
                await pilot.press("v")
            await shows(pilot, "✓ 53", "✗ 22", "✗ 6", "✓ 13", "specificity 70.7 % (53/75)", "COVID-19 · 19 films",
                        "validation of epoch 1 · AUROC 0.8", "◆", "95 % busy", "9.0 of 23.0 GiB", "NVIDIA H100",
                        "97 % busy")  # fmt: skip
            await pilot.press("d", "d")  # blocks, then ASCII
            await shows(pilot, "= 53", "! 22")
            assert "█" not in text_of(pilot).split("confusion matrix")[1].split("this machine")[0]
    finally:
        lock.release()


async def test_an_older_log_and_a_class_without_films(dashboard: Dashboard) -> None:
    old = logs.write(dashboard.workspace.checkpoints, "old", logs.midway("old"))
    one = logs.write(dashboard.workspace.checkpoints, "one", log_of(np.zeros(94, int), []))
    async with dashboard.run_test(size=(120, 34)) as pilot:
        for run, texts in ((old, ["did not log this", "not measured yet"]),
                           (one, ["sensitivity – (0/0)", "Both classes are needed"])):  # fmt: skip
            dashboard.watch_run(run)
            await shows(pilot, run.name)
            while "confusion matrix" not in text_of(pilot):
                await pilot.press("v")
            await shows(pilot, *texts)


def test_bars_show_every_count_above_none() -> None:
    assert bars([0, 1, 1000], 3, 2) == ["  █", " ▁█"]
    assert bars([0, 1, 1000], 12, 1) == ["    ▁▁▁▁████"]
    assert bars([0, 0], 1, 1) == [""], "no room"
    assert bars([0, 0], 2, 1) == ["  "]
    assert trace([0.0, 0.001, 0.5, 1.0, 7.0, float("nan")], 6) == " ▁▄██ "
