"""The panel of what the run uses of the machine: cores, memory and accelerators, now and over the last minutes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from cxrtui.runs.state import RunState
from cxrtui.tui.theme import BUSY, FAINT

_LEVELS = " ▁▂▃▄▅▆▇█"
_LATEST = 120  # readings in a trace, at most


def trace(fractions: Iterable[float], width: int) -> str:
    """Return the last `width` fractions, from 0 to 1, as one character each; what is above 0 is always seen."""
    shown = list(fractions)[-width:] if width > 0 else []
    return "".join(_LEVELS[0 if not value > 0 else min(8, max(1, round(value * 8)))] for value in shown)


def gigabytes(value: object) -> str:
    """Return a number of bytes in GiB, or a dash if it is not known."""
    return f"{value / 2**30:.1f}" if isinstance(value, (int, float)) and not isinstance(value, bool) else "–"


def _fraction(value: object, whole: object = 1) -> float:
    numbers = isinstance(value, (int, float)) and isinstance(whole, (int, float)) and whole
    return value / whole if numbers else 0.0  # type: ignore[operator]


class Resources(Static):
    """Shows the latest `Usage` of a run, each with a trace of the readings before it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.border_title = "this machine"
        self._shown: tuple[int, int] | None = None
        self._state = RunState()

    def show(self, state: RunState) -> None:
        """Show the use of the machine, again only after another reading or for another width."""
        self._state = state
        key = (len(state.usage), self.size.width)
        if key != self._shown:
            self._shown = key
            self.update(self._content(state))

    def on_resize(self) -> None:
        """Fit the traces to the new width."""
        self.show(self._state)

    def _content(self, state: RunState) -> RenderableType:
        if not len(state.usage):
            return Text("not measured yet", style=FAINT)
        readings = state.usage.tail(_LATEST)
        last = readings[-1]
        width = max(0, self.size.width - 44)
        table = Table.grid(padding=(0, 1))
        table.add_column(style="dim", width=11)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, style=BUSY)
        cores = f"{last.cpu:.1f} cores" if last.cpu != 1 else "1 core"
        table.add_row("this run", f"{cores} · {gigabytes(last.memory)} GiB", "")
        table.add_row(
            "processor", f"{100 * last.host_cpu:.0f} % busy", trace((item.host_cpu for item in readings), width)
        )
        share = [_fraction(item.host_memory, item.host_memory_total) for item in readings]
        memory = f"{gigabytes(last.host_memory)} of {gigabytes(last.host_memory_total)} GiB"
        table.add_row("memory", memory, trace(share, width))
        for number, device in enumerate(last.devices):
            table.add_row(Text(f"GPU {number}"), Text(str(device.get("name", ""))), "")
            use = device.get("use")
            busy = f"{100 * use:.0f} % busy" if isinstance(use, (int, float)) else "use not known"
            table.add_row(
                "", busy, trace((_fraction(_of(item.devices, number).get("use")) for item in readings), width)
            )
            held = f"{gigabytes(device.get('memory'))} of {gigabytes(device.get('memory_total'))} GiB"
            table.add_row("", f"{held}, peak {gigabytes(device.get('memory_peak'))}", "")
        return table


def _of(devices: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return devices[number] if number < len(devices) else {}
