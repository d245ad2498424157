"""How long a chart of five runs with 100,000 points each takes to redraw, against textual-plot.

    uv pip install --group benchmarks     # brings textual-plot
    python benchmarks/chart_redraw.py [--runs 5] [--points 100000] [--size 200x50] [--repeats 15]

A redraw ends when every line of cells is there: what a terminal then gets is the same work for all. "New data" is a
redraw after all curves have other arrays, as while runs train: they are smoothed, decimated and drawn. "Other part" is
one after a zoom, "same part" one after a change of the drawing alone (here the cursor). The peers, in the same process:
textual-plot with all points, and with what the charts of cxrtui 0.3 gave it (a loop in Python over the columns).
Each figure is a median of the wall clock, and beside it of this process's own time, which other programs that run do
not lengthen.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.widget import Widget
from textual_plot import HiResMode, PlotWidget

from cxrtui.tui.widgets.charts.chart import Chart
from cxrtui.tui.widgets.charts.line import Line, run_line
from cxrtui.tui.widgets.charts.options import Options

Array = NDArray[np.float64]
Curves = list[tuple[Array, Array]]


def curves_of(runs: int, points: int, seed: int) -> Curves:
    """Losses as noisy as those of small batches, with spikes and gaps."""
    draws, x = np.random.default_rng(seed), np.linspace(0, 30, points)
    found = []
    for run in range(runs):
        y = 0.1 + 0.6 * np.exp(-x / (4 + run)) * draws.lognormal(0, 0.5, points)
        y[draws.integers(0, points, 5)] = 30.0
        y[points // 2 : points // 2 + points // 50] = np.nan
        found.append((x, y))
    return found


def by_loop(x: Array, y: Array, columns: int) -> tuple[Array, Array]:
    """Keep the least and the greatest value of each column, as before."""
    finite = np.isfinite(y)
    x, y = x[finite], y[finite]
    edges = np.linspace(0, len(x), columns + 1).astype(int)
    low, high = np.empty(columns, dtype=int), np.empty(columns, dtype=int)
    for index, (start, stop) in enumerate(pairwise(edges)):
        low[index] = start + int(np.argmin(y[start:stop]))
        high[index] = start + int(np.argmax(y[start:stop]))
    kept = np.sort(np.concatenate([low, high]))
    return x[kept], y[kept]


class Screen(App[None]):
    """Shows one chart."""

    CSS = "Chart, PlotWidget { width: 1fr; height: 1fr; }"

    def __init__(self, chart: Widget) -> None:
        super().__init__()
        self.chart = chart

    def compose(self) -> ComposeResult:
        """Put the chart."""
        yield self.chart


def seconds(work: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Medians of wall clock and of the time of this process, in milliseconds; the first round is not counted."""
    wall, own = [], []
    for repeat in range(repeats + 1):
        before = time.perf_counter(), time.process_time()
        work(repeat)
        wall.append(1e3 * (time.perf_counter() - before[0]))
        own.append(1e3 * (time.process_time() - before[1]))
    return statistics.median(wall[1:]), statistics.median(own[1:])


def cells(widget: Widget) -> None:
    """Have every line of cells drawn."""
    widget.render_lines(Region(0, 0, widget.size.width, widget.size.height))


def lines_of(curves: Curves) -> list[Line]:
    """The curves as the chart takes them."""
    return [run_line(place, f"run {place}", x, y, smoothed=True) for place, (x, y) in enumerate(curves)]


async def ours(data: list[Curves], size: tuple[int, int], repeats: int) -> dict[str, tuple[float, float]]:
    """Redraw our chart."""
    chart = Chart("loss")
    async with Screen(chart).run_test(size=size) as pilot:
        chart.options = Options(mode="braille", smoothing=0.9)
        fresh = [lines_of(curves) for curves in data]
        await pilot.pause()

        def new_data(repeat: int) -> None:
            chart.show(fresh[repeat % len(fresh)], settled=1.0)
            cells(chart)

        def other_part(repeat: int) -> None:
            chart.window = (1.0 + 0.1 * repeat, 20.0 + 0.1 * repeat)
            chart.show(fresh[0], settled=1.0)
            cells(chart)

        def same_part(repeat: int) -> None:
            chart.cursor = 2.0 + 0.1 * repeat
            chart.show(fresh[0], settled=1.0)
            cells(chart)

        return {
            "new data": seconds(new_data, repeats), "other part": seconds(other_part, repeats),
            "same part": seconds(same_part, repeats),
        }  # fmt: skip


async def peer(data: list[Curves], size: tuple[int, int], repeats: int, *, decimated: bool) -> tuple[float, float]:
    """Redraw textual-plot's chart."""
    plot = PlotWidget()
    async with Screen(plot).run_test(size=size) as pilot:
        await pilot.pause()

        def redraw(repeat: int) -> None:
            plot.clear()
            for x, y in data[repeat % len(data)]:
                shown = by_loop(x, y, size[0] - 9) if decimated else (x, y)
                plot.plot(*shown, hires_mode=HiResMode.BRAILLE)
            plot._render_plot()
            for child in plot.query(Widget):
                cells(child)

        return seconds(redraw, repeats)


async def compare(runs: int, points: int, size: tuple[int, int], repeats: int) -> None:
    """Print the figures."""
    data = [curves_of(runs, points, seed) for seed in range(2)]
    mine = await ours(data, size, repeats)
    loop = await peer(data, size, repeats, decimated=True)
    whole = await peer(data, size, 2, decimated=False)
    print(f"{runs} runs of {points:,} points, {size[0]}×{size[1]} cells; milliseconds, wall (own)")
    for name, (wall, own) in mine.items():
        print(f"  cxrtui, {name:34} {wall:9.1f} ({own:.1f})")
    for name, (wall, own) in (("decimated by a loop first", loop), ("all points", whole)):
        ratio = own / mine["new data"][1]
        print(f"  textual-plot, {name:28} {wall:9.1f} ({own:.1f}), {ratio:.0f} times ours with new data")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--size", default="200x50")
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    asyncio.run(compare(given.runs, given.points, (width, height), given.repeats))


if __name__ == "__main__":
    main()
