"""Runs and shelves that cannot be read, and logs of numbers that no training has, on the screens that show them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from cxrtui.runs import events as ev
from cxrtui.tui.app import Dashboard
from cxrtui.tui.routes import OpenClassify, OpenMonitor, OpenWeights
from tests.runs.test_hostile_files import KINDS
from tests.tui import logs
from tests.tui.screen_text import shows, text_of

SIZE = (160, 50)


@pytest.mark.slow
async def test_what_cannot_be_read_is_a_row_and_the_others_are_shown(dashboard: Dashboard) -> None:
    workspace = dashboard.workspace
    good = logs.write(workspace.checkpoints, "good", logs.finished("good"), state=True)
    bad = []
    for kind, put in KINDS.items():
        run = logs.write(workspace.checkpoints, f"bad-{kind.replace(' ', '-')}", [], state=True)
        bad.append(run)
        run.events_file.unlink()
        put(run.events_file)
        entry = workspace.models / f"bad-{kind.replace(' ', '-')}"
        entry.mkdir(parents=True)
        put(entry / "model.toml")
    async with dashboard.run_test(size=SIZE) as pilot:
        await shows(pilot, "✔ finished", "✗ cannot be read", *(run.name for run in bad))
        assert text_of(pilot).count("✗ cannot be read") == len(bad)
        for run in bad:
            dashboard.open(OpenMonitor(run))
            await shows(pilot, "events.jsonl cannot be read: ")
            await pilot.press("escape")
        dashboard.open(OpenClassify(good))
        await shows(pilot, "good · loss")
        dashboard.open(OpenWeights())
        await shows(pilot, "✗ damaged", "cannot be read: ", "imagenet", *(f"bad-{kind[:4]}" for kind in KINDS))


def _with(value: float) -> list[ev.Event]:
    """A run that goes on and whose every number is `value`, as far as its field can hold it."""
    whole = int(value) if abs(value) < 2**63 else 2**63 - 1

    def of(name: str, old: object) -> object:
        if isinstance(old, dict) and name in ("metrics", "counts"):
            kept = name == "counts" and "tp" not in old
            return old if kept else dict.fromkeys(old, value if name == "metrics" else whole)
        return old if name == "time" else {float: value, int: whole}.get(type(old), old)

    return [
        dataclasses.replace(event, **{key: of(key, old) for key, old in vars(event).items()})
        for event in logs.finished()[:-1]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-320, 2.0**62, -(2.0**62), -1.0])
async def test_no_number_ends_the_monitor(dashboard: Dashboard, value: float) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "odd", _with(value))
    held = run.acquire()
    try:
        async with dashboard.run_test(size=SIZE) as pilot:
            await shows(pilot, "odd")
            dashboard.open(OpenMonitor(run))
            await shows(pilot, "Monitor · odd", "early stopping", "epoch")
            await pilot.pause(0.4)
            assert "Monitor · odd" in text_of(pilot)
    finally:
        held.release()


@pytest.mark.slow
async def test_a_run_that_is_deleted_while_it_is_watched_is_said(dashboard: Dashboard) -> None:
    run = logs.write(dashboard.workspace.checkpoints, "run", logs.finished("run"))
    async with dashboard.run_test(size=(80, 24)) as pilot:
        dashboard.watch_run(run)
        await shows(pilot, "epoch 12/30")
        run.delete()
        await shows(pilot, "! log (w)", "epoch 12/30")
        await pilot.press("w")
        await shows(pilot, "no longer there: the run was moved or deleted")
