"""What surrounds the steps of a training: log, validation and checkpoints, beside a loop of nothing but the steps.

    python benchmarks/around_steps.py --films 436 --size 96 --epochs 4
    python benchmarks/around_steps.py --width 16 --data films/

`runner.drive` trains a network as ``cxrtui --headless train`` does: it writes the log, validates and saves a checkpoint
after each epoch. Between two epochs, in the same process and while nothing of the run is under way, the plain loop does
as many steps with the same compiled step, batches and augmentation, and reads their scalars. A turn of the run goes
from the end of an epoch's steps to that of the next; the first epoch warms up. Printed are medians with the least and
the greatest: of the clock and of processors, where other work runs too. What the steps of a turn take more of the
processors than the plain ones is for the checkpoint that is written meanwhile, and for the log.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cxrtui import memory
from cxrtui.data.loader import make_loader, steps_per_epoch
from cxrtui.data.phantoms import generate
from cxrtui.data.prepared.prepare import Prepared, prepare
from cxrtui.net import backend, fastest
from cxrtui.net.layout import Layout
from cxrtui.runner import drive
from cxrtui.runs import events as ev
from cxrtui.runs import listing
from cxrtui.settings.config import Config, resolve
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.rates import WINDOW
from cxrtui.training.step import Program, compile_step

Clock = tuple[float, float]  # seconds of the clock, and of all processors


def now() -> Clock:
    """Return both clocks."""
    return time.perf_counter(), time.process_time()


def since(before: Clock) -> Clock:
    """Return what has passed of both."""
    wall, busy = now()
    return wall - before[0], busy - before[1]


def plain_epochs(config: Config, prepared: Prepared) -> Callable[[int], Clock]:
    """Return a function that does the steps of an epoch and nothing else, and returns what they took."""
    layout, films = Layout.over(), prepared.splits["train"]
    hyper = layout.put_state(hyper_of(config, np.ones(2, np.float32)))
    network, loader = initial(config, hyper, layout), make_loader(films, layout)
    measuring = fastest.table_of(network.spec, config.data.size)
    while True:
        try:
            next(measuring)
        except StopIteration as found:
            table = found.value
            break
    program = Program.of(config, network.graphdef, network.spec.freeze, layout, None, table)
    step = compile_step(program, network.state, hyper, batch_size=config.optim.batch_size,
                        stored_size=prepared.stored_size)  # fmt: skip
    held = [network.state]
    hyper = hyper.at(layout.put_state(np.full(WINDOW, 1e-4, np.float32)))

    def epoch(number: int) -> Clock:
        before, last = now(), None
        for batch in loader.epoch(0, number, config.optim.batch_size):
            held[0], scalars = step(held[0], batch, hyper)
            if last is not None:
                jax.device_get(last)
            last = scalars
        jax.device_get(last)
        return since(before)

    epoch(0)
    return epoch


@dataclasses.dataclass
class Turn:
    """One turn of the run, and the plain loop after it."""

    validation: Clock
    steps: float
    all: Clock
    plain: Clock


class Turns:
    """Listens to a run, measures its turns, and runs the plain loop between them."""

    def __init__(self, plain: Callable[[int], Clock]) -> None:
        self.plain, self.found = plain, list[Turn]()
        self._began: Clock | None = None
        self._validated = (0.0, 0.0)

    def __call__(self, line: str, event: ev.Event) -> None:
        """Take an event of the run; it does nothing before this returns."""
        if isinstance(event, ev.Validated) and self._began is not None:
            self._validated = since(self._began)
        elif isinstance(event, ev.EpochDone):
            if self._began is not None:
                whole = since(self._began)
                self.found.append(Turn(self._validated, event.seconds, whole, self.plain(event.epoch)))
            self._began = now()


def row(name: str, values: list[float], unit: str = "") -> None:
    """Print a line with the median, the least and the greatest."""
    print(f"{name:58}{statistics.median(values):8.3f}{unit}   ({min(values):.3f} to {max(values):.3f})")


def main() -> None:
    """Measure and print."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a folder of films; by default phantoms are drawn")
    parser.add_argument("--films", type=int, default=436, help="phantoms; 70 %% of them train")
    parser.add_argument("--size", type=int, default=96, help="of the network's input, pixels")
    parser.add_argument("--width", type=int, default=64, help="of the network; 64 is ResNet-50")
    parser.add_argument("--batch", type=int, default=32, help="films a step")
    parser.add_argument("--epochs", type=int, default=5, help="of the run; the first one warms up")
    options = parser.parse_args()
    backend.prepare()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CXRTUI_CACHE_DIR"] = str(folder / "cache")
        films = options.data or str(folder / "films")
        if not options.data:
            generate(folder / "films", count=options.films, seed=0, size=options.size)
        config = resolve({
            "data.source": films, "data.size": options.size, "model.init": "random", "model.width": options.width,
            "optim.epochs": options.epochs, "optim.batch_size": options.batch, "stop.patience": 0,
            "data.duplicates": "identical",
        })  # fmt: skip
        preparing = prepare(config, splits_out=folder / "splits.csv")
        while True:
            try:
                next(preparing)
            except StopIteration as found:
                prepared = found.value
                break
        turns = Turns(plain_epochs(config, prepared))
        run = listing.new_run(folder / "checkpoints", "run")
        if code := drive(run, config, on_event=turns):
            sys.exit(code)
    measured = turns.found
    steps = steps_per_epoch(len(prepared.splits["train"]), options.batch)
    counts = {name: len(split) for name, split in prepared.splits.items()}
    print(f"width {options.width}, {options.size}², batch {options.batch}, films {counts}, {steps} steps an epoch")
    row("clock: an epoch of the run", [turn.all[0] for turn in measured], " s")
    row("clock: its steps", [turn.steps for turn in measured], " s")
    row("clock: its validation", [turn.validation[0] for turn in measured], " s")
    row("clock: the plain loop", [turn.plain[0] for turn in measured], " s")
    row("processors: an epoch of the run", [turn.all[1] for turn in measured], " s")
    row("processors: its validation", [turn.validation[1] for turn in measured], " s")
    row("processors: the plain loop", [turn.plain[1] for turn in measured], " s")
    rest = [turn.all[1] - turn.validation[1] - turn.plain[1] for turn in measured]
    row("processors: checkpoint and log (what remains)", rest, " s")
    print("share of an epoch of the run")
    row("clock: steps", [100 * turn.steps / turn.all[0] for turn in measured], " %")
    row("clock: validation", [100 * turn.validation[0] / turn.all[0] for turn in measured], " %")
    row("clock: steps, validation left out",
        [100 * turn.steps / (turn.all[0] - turn.validation[0]) for turn in measured], " %")  # fmt: skip
    row("processors: plain steps", [100 * turn.plain[1] / turn.all[1] for turn in measured], " %")
    row("processors: plain steps, validation left out",
        [100 * turn.plain[1] / (turn.all[1] - turn.validation[1]) for turn in measured], " %")  # fmt: skip


if __name__ == "__main__":
    main()
