"""How long the screens take over many runs and over one long log, and how long the event loop is held up meanwhile.

    python benchmarks/follow_runs.py [--runs 1000] [--steps 1500] [--events 1000000]

The runs are made in a temporary folder, half with a summary.json and half without, as older versions left them. The
peer, in the same process, decodes and folds each line by itself, which is what every look at a run once did; it is
timed on a part of the lines. The dashboard runs headless, 200×50. "Held up" is by how much a 5 ms tick of its event
loop came late at most, while the screen opened and read. Wall clock, and the processor time of this process beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cxrtui.runs import codec, summary
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState, fold
from cxrtui.settings.config import Config
from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.runs.table import RunsTable
from cxrtui.workspace import Workspace

EPOCHS = 10


def log_of(run: str, steps: int) -> list[ev.Event]:
    """A finished run of ten epochs."""
    per_epoch, at = steps // EPOCHS, 1_764_000_000.0
    counts = {"tp": 17, "fn": 2, "tn": 71, "fp": 4, "positive": 19, "negative": 75, "films": 94}
    found: list[ev.Event] = [
        ev.RunStarted(run=run, seed=0, config=Config().as_dict(), device={"kind": "cpu"}, time=at),
        ev.DataPrepared(source="films", fingerprint="0", counts={"train": {"no": 1, "yes": 1}}, patients={"train": 2},
                        labels=["no", "yes"], time=at),
        ev.Compiled(seconds=10.0, parameters=100, trainable=100, time=at),
    ]  # fmt: skip
    for step in range(1, per_epoch * EPOCHS + 1):
        epoch = (step - 1) // per_epoch + 1
        wave = 1 / 7 + (step * 2_654_435_761 % 4_294_967_296) / 4_294_967_296
        found.append(ev.StepDone(
            time=at + step / 3, step=step, epoch=epoch, epochs=EPOCHS, steps_per_epoch=per_epoch,
            loss=wave / epoch, accuracy=1 - wave / 3 / epoch, learning_rate=1e-3 / epoch, gradient_norm=wave,
            images_per_second=30 + wave,
        ))  # fmt: skip
        if step % per_epoch == 0:
            now = at + step / 3
            metrics = {"loss": 1 / epoch, "accuracy": 0.9, "auroc": 0.95, "sensitivity": 0.9, "specificity": 0.9}
            found += [
                ev.EpochDone(epoch=epoch, step=step, loss=1 / epoch, accuracy=0.9, seconds=60.0, time=now),
                ev.Validated(epoch=epoch, step=step, metrics=metrics, time=now),
                ev.EarlyStopping(epoch=epoch, metric="loss", value=1 / epoch, improved=True, best=1 / epoch,
                                 best_epoch=epoch, best_step=step, to_beat=1 / epoch, patience=8, patience_left=8,
                                 stopping=False, time=now),
                ev.CheckpointSaved(step=step, epoch=epoch, best=True, reason="epoch", time=now),
            ]  # fmt: skip
    end = found[-1].time
    return [
        *found,
        ev.Evaluated(part="test", step=steps, metrics={"accuracy": 0.9, "auroc": 0.95}, counts=counts, threshold=0.5,
                     time=end),
        ev.Stopped(reason="epochs", step=steps, epoch=EPOCHS, time=end),
    ]  # fmt: skip


def write(run: Run, steps: int) -> None:
    (run.state / "1").mkdir(parents=True)
    run.config_file.write_text("")
    marks, end = summary.Landmarks(), 0
    with run.events_file.open("wb") as file:
        for event in log_of(run.name, steps):
            start = end
            end += file.write(codec.encode(event).encode() + b"\n")
            marks.add(event, start, end)
    marks.write(run.events_file)


def make(checkpoints: Path, runs: int, steps: int) -> None:
    first = Run(checkpoints / "run-0000")
    write(first, steps)
    for number in range(1, runs):
        run = Run(checkpoints / f"run-{number:04}")
        shutil.copytree(first.folder, run.folder)
        (run.folder / summary.FILE).unlink()
        if number % 2 == 0:
            summary.read_landmarks(run.events_file).write(run.events_file)


def each_line(log: Path, most: int) -> tuple[float, int]:
    """Seconds of the peer, and the lines of the log that it did."""
    began, state, count = time.process_time(), RunState(), 0
    with log.open("rb") as file:
        for line in file:
            if (event := codec.decode(line)) is not None:
                state = fold(state, event)
            count += 1
            if count == most:
                break
    return time.process_time() - began, count


class Ticks:
    """The latest tick of the event loop, by the clock and by the processor time that its thread took in between."""

    def __init__(self) -> None:
        self._late = self._busy = 0.0
        self._process = time.process_time()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            began, busy = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.005)
            self._late = max(self._late, time.perf_counter() - began - 0.005)
            self._busy = max(self._busy, time.thread_time() - busy)

    def stop(self) -> str:
        """What was measured, in words."""
        self._task.cancel()
        used = time.process_time() - self._process
        return (f"held up {1000 * self._late:.0f} ms, of which {1000 * self._busy:.0f} ms by the loop's own work;"
                f" {used:.2f} s of processor time")  # fmt: skip


async def until(condition: Callable[[], object], began: float) -> float:
    while not condition():
        await asyncio.sleep(0.002)
    return time.perf_counter() - began


async def list_and_classify(workspace: Workspace, runs: int) -> None:
    app = Dashboard(workspace)
    began = time.perf_counter()
    async with app.run_test(size=(200, 50)) as pilot:
        ticks = Ticks()
        table = app.screen.query_one(RunsTable)
        first = await until(lambda: table.row_count, began)
        whole = await until(lambda: table.row_count == runs and all(row.read for row, _ in table.rows), began)
        print(f"Runs, {runs} of them: first rows after {first:.2f} s, every state after {whole:.2f} s; "
              f"{ticks.stop()}")  # fmt: skip
        ticks, began = Ticks(), time.perf_counter()
        await app.push_screen(ClassifyScreen(None, workspace.root))
        shown = time.perf_counter() - began
        models = await until(lambda: isinstance(app.screen, ClassifyScreen) and app.screen._listed_all, began)
        print(f"Classify over them: open after {shown:.2f} s, models listed after {models:.2f} s; "
              f"{ticks.stop()}")  # fmt: skip
        await pilot.press("escape")


async def attach(workspace: Workspace, run: Run, events: int) -> float:
    app = Dashboard(workspace)
    async with app.run_test(size=(200, 50)):
        ticks, began = Ticks(), time.perf_counter()
        screen = MonitorScreen(run)
        await app.push_screen(screen)
        first = await until(lambda: len(screen.state.steps) and not screen._undrawn, began)
        whole = await until(lambda: screen._read and not screen._undrawn, began)
        await asyncio.sleep(0.3)
        print(f"Monitor of {events:,} events: first curve after {first:.2f} s, all of it after {whole:.2f} s; "
              f"{ticks.stop()}")  # fmt: skip
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--events", type=int, default=1_000_000)
    args = parser.parse_args()
    gc.freeze()  # as the dashboard does when it starts
    with tempfile.TemporaryDirectory() as folder:
        many, one = Workspace(Path(folder) / "many"), Workspace(Path(folder) / "one")
        make(many.checkpoints, args.runs, args.steps)
        long = Run(one.checkpoints / "long")
        write(long, args.events)
        took, lines = each_line(long.events_file, 20_000)  # of processor time
        print(f"each line by itself: {1e6 * took / lines:.1f} µs a line, so {took / lines * args.events:.1f} s for "
              f"{args.events:,} events and {took / lines * args.steps * args.runs:.1f} s for the runs")  # fmt: skip
        asyncio.run(list_and_classify(many, args.runs))
        whole = asyncio.run(attach(one, long, args.events))
        print(f"ratio, each line by itself to the monitor: {took / lines * args.events / whole:.1f}")


if __name__ == "__main__":
    main()
