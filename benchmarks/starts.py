"""How long cxrtui takes to answer: its help, and its dashboard until the list of runs is on the terminal.

    python benchmarks/starts.py [--count 10]

Each is started in turn with its peer, which does the same with nothing of cxrtui: click's help of one command, and a
Textual application of one line. Printed are the medians of seconds by the clock and of the processor, and their ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from pseudo_terminal import Dashboard, processor_seconds

HELP = "import click\n@click.command(help='one')\ndef main(): pass\nmain(['--help'])"
SCREEN = """
from textual.app import App
from textual.widgets import Static
class One(App):
    def compose(self):
        yield Static('No runs yet')
One().run()
"""


def used() -> float:
    """Seconds of the processor of children that have ended."""
    times = resource.getrusage(resource.RUSAGE_CHILDREN)
    return times.ru_utime + times.ru_stime


def answered(command: Sequence[str]) -> tuple[float, float]:
    """Seconds until `command` has ended, by the clock and of the processor."""
    before, started = used(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started, used() - before


def painted(program: tuple[str, ...], arguments: list[str], folder: str) -> tuple[float, float]:
    """Seconds until the terminal shows the text, by the clock and of the processor."""
    environment = {"XDG_CACHE_HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}
    started = time.monotonic()
    board = Dashboard(arguments, environment, 120, 40, program)
    try:
        at = board.wait(lambda text: "No runs yet" in text, 60)
        return at - started, processor_seconds(board.pid)
    finally:
        board.end()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10, help="starts of each (default 10)")
    count = parser.parse_args().count
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it each start would compile cxrtui's sources anew
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        pairs = {
            "help": (
                lambda: answered([sys.executable, "-m", "cxrtui", "--help"]),
                lambda: answered([sys.executable, "-c", HELP]),
            ),
            "first screen": (
                lambda: painted(("-m", "cxrtui"), ["--workspace", folder], folder),
                lambda: painted(("-c", SCREEN), [], folder),
            ),
        }
        for name, (ours, theirs) in pairs.items():
            ours(), theirs()  # the files are in memory from here on
            taken = [(ours(), theirs()) for _ in range(count)]
            for index, what in enumerate(("by the clock", "of the processor")):
                own, other = ([pair[who][index] for pair in taken] for who in (0, 1))
                ratio = statistics.median(a / b for a, b in zip(own, other, strict=True))
                print(f"{name:14}{what:18}{statistics.median(own):7.3f} s ({min(own):.3f} to {max(own):.3f}), "
                      f"peer {statistics.median(other):.3f} s: {ratio:.2f} times")  # fmt: skip


if __name__ == "__main__":
    main()
