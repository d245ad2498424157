"""How long a key takes to the screen while a ResNet-50 compiles and trains, and how much is written to the terminal.

    python benchmarks/latency.py [--quick] [--keys 25] [--seed 0] [--only own|peer]

The dashboard runs at a pseudo-terminal that is read all the time, 80×24 and 200×50 in turn. Keys are pressed 0.3 to 0.7
seconds apart, at moments drawn from the seed: "?", which opens the help and closes it again. The time of a key is that
until the first output after which the screen (pyte draws it) shows what the key asks for. "own" is a dashboard that
trains the run, "peer" one that is attached to the same run in another process (``cxrtui --headless train``). Both
compile in earnest: each has an empty compilation cache. Bytes are counted while no key is pressed. On a busy machine
compare the ratio and not the times; the load is printed.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pseudo_terminal import Dashboard, processor_seconds

SIZES = ((80, 24), (200, 50))
HELP = "esc closes"
LATE = 20.0  # seconds after which a key is given up
BOUND_P95, BOUND_WORST = 100.0, 500.0  # ms, for the dashboard that trains
BOUND_TRAINING = 10_000.0  # bytes/s

Times = dict[tuple[str, str, tuple[int, int]], list[float]]


class Bench:
    """One folder of films, and what was measured."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder, self.arguments = folder, arguments
        self.random = random.Random(arguments.seed)
        self.times: Times = defaultdict(list)
        self.traffic: dict[tuple[str, str, tuple[int, int]], float] = {}
        self.busy: dict[tuple[str, str], float] = {}

    def environment(self, who: str) -> dict[str, str]:
        """Return folders of its own, in which nothing is prepared or compiled yet."""
        return {
            "JAX_PLATFORMS": "cpu", "HF_HUB_OFFLINE": "1", "CXRTUI_CACHE_DIR": str(self.folder / f"cache-{who}"),
            "XDG_CONFIG_HOME": str(self.folder / "config"), "XDG_STATE_HOME": str(self.folder / "state"),
        }  # fmt: skip

    def train(self, who: str) -> list[str]:
        """Return the command that trains."""
        shape = ["model.width=16", "data.size=96"] if self.arguments.quick else ["model.width=64", "data.size=224"]
        settings = [*shape, "optim.batch_size=8", "optim.epochs=1000", "stop.patience=0", "model.freeze=none"]
        return ["train", "--data", str(self.folder / "films"), "--init", "random", "--run", who,
                *(word for setting in settings for word in ("--set", setting))]  # fmt: skip

    def log(self, who: str) -> str:
        """Return the run's log so far."""
        file = self.folder / "checkpoints" / who / "events.jsonl"
        return file.read_text() if file.exists() else ""

    def keys(self, board: Dashboard, who: str, phase: str, size: tuple[int, int], seconds: float) -> Iterator[None]:
        """Press keys for so long, and yield after each."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            board.rest(self.random.uniform(0.3, 0.7))
            opened = HELP in board.text
            pressed = board.press("?")
            shown = board.wait(lambda text, opened=opened: (HELP in text) != opened, LATE)
            self.times[who, phase, size].append(LATE * 1000 if math.isnan(shown) else (shown - pressed) * 1000)
            yield

    def resize(self, board: Dashboard, size: tuple[int, int]) -> None:
        """Change the terminal's size, and let the dashboard draw itself."""
        board.resize(*size)
        board.rest(2.0)

    def count_bytes(self, board: Dashboard, who: str, phase: str, size: tuple[int, int]) -> None:
        """Count what is written while nothing is pressed."""
        if HELP in board.text:
            board.press("?")
        board.rest(2.0)
        seconds, before = self.arguments.seconds, board.written
        board.rest(seconds)
        self.traffic[who, phase, size] = (board.written - before) / seconds

    def idle(self) -> None:
        """The list of runs, and nothing trains."""
        board = Dashboard(["--workspace", str(self.folder)], self.environment("idle"), *SIZES[0])
        board.wait(lambda text: "run" in text, 60)
        board.rest(2.0)
        for size in SIZES:
            self.resize(board, size)
            for _ in self.keys(board, "own", "idle", size, self.arguments.seconds):
                pass
            self.count_bytes(board, "own", "idle", size)
        board.end()

    def live(self, who: str) -> None:
        """A run that the dashboard trains ("own") or is attached to ("peer"), from its first moment on."""
        words, environment = ["--workspace", str(self.folder)], self.environment(who)
        headless = None
        if who == "peer":
            headless = subprocess.Popen([sys.executable, "-m", "cxrtui", *words, "--headless", *self.train(who)],
                                        env={**os.environ, **environment}, start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        )  # fmt: skip
            while "Preparing" not in self.log(who):
                time.sleep(0.05)
            board = Dashboard([*words, "attach", who], environment, *SIZES[0])
        else:
            board = Dashboard([*words, *self.train(who)], environment, *SIZES[0])
        try:
            board.wait(lambda text: f"Monitor · {who}" in text, 60)
            self._until_it_trains(board, who)
            before, began = processor_seconds(board.pid), time.monotonic()
            for size in SIZES:
                self.resize(board, size)
                for _ in self.keys(board, who, "training", size, self.arguments.keys * 0.5):
                    pass
                self.count_bytes(board, who, "training", size)
            self.busy[who, "training"] = (processor_seconds(board.pid) - before) / (time.monotonic() - began)
        finally:
            board.end()
            if headless is not None:
                headless.terminate()
                headless.wait(120)

    def _until_it_trains(self, board: Dashboard, who: str) -> None:
        turn = 0
        while '"type": "StepDone"' not in (log := self.log(who)):
            phase = "compiling" if '"compiling"' in log else "starting"
            size = SIZES[turn // 12 % 2]
            if turn % 12 == 0 and turn:
                self.resize(board, size)
            for _ in self.keys(board, who, phase, size, 0.01):
                turn += 1
            assert board.alive, board.text

    def report(self) -> None:
        """Print times, traffic and ratios."""
        print(f"{'':34}{'keys':>5}{'p50':>8}{'p95':>8}{'worst':>8}  ms")
        for phase in ("idle", "starting", "compiling", "training"):
            rows = {}
            for who in ("own", "peer"):
                for size in (*SIZES, None):
                    found = [value for key, values in self.times.items() for value in values
                             if key[:2] == (who, phase) and size in (key[2], None)]  # fmt: skip
                    if not found or (size is None and phase == "idle"):
                        continue
                    values = *np.percentile(found, (50, 95)), max(found)
                    name = f"{who} {phase} {'both sizes' if size is None else '{}×{}'.format(*size)}"
                    print(f"{name:34}{len(found):5}" + "".join(f"{value:8.0f}" for value in values))
                    if size is None:
                        rows[who] = values
            if len(rows) == 2:
                ratios = [mine / theirs for mine, theirs in zip(rows["own"], rows["peer"], strict=True)]
                print(f"{f'own / peer {phase}':39}" + "".join(f"{value:8.2f}" for value in ratios))
            if phase in ("compiling", "training") and "own" in rows:
                good = rows["own"][1] < BOUND_P95 and rows["own"][2] < BOUND_WORST
                print(
                    f"{f'own {phase}: p95 < {BOUND_P95:.0f}, worst < {BOUND_WORST:.0f}':39}{'yes' if good else 'NO':>8}"
                )
        for (who, phase, size), rate in self.traffic.items():
            bound = 0.0 if phase == "idle" else BOUND_TRAINING
            print(f"{who} {phase} {'{}×{}'.format(*size)}: {rate:,.0f} bytes/s to the terminal "
                  f"(bound {bound:,.0f}: {'yes' if rate <= bound else 'NO'})")  # fmt: skip
        for (who, phase), share in self.busy.items():
            print(f"{who} {phase}: the dashboard's process takes {share:.0%} of a core")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=25, help="keys while it trains, at each size (default 25)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of counting bytes, at each size (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which keys are pressed")
    parser.add_argument("--quick", action="store_true", help="a small network: does it work, in a minute?")
    parser.add_argument("--only", choices=("own", "peer"), help="one of the two")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was started is ended
    from cxrtui.data.phantoms import generate

    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place), arguments)
        generate(Path(place) / "films", count=64, seed=0, size=256)
        try:
            if arguments.only is None:
                bench.idle()
            for who in [arguments.only] if arguments.only else ["own", "peer"]:
                bench.live(who)
        finally:
            bench.report()


if __name__ == "__main__":
    main()
