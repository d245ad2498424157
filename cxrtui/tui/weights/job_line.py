"""The line that shows the progress of a job of the shelf: bytes, rate and time left."""

from __future__ import annotations

import time
from collections import deque

from rich.text import Text
from textual.widgets import Static

from cxrtui.durations import duration
from cxrtui.tui.theme import BUSY, WARN
from cxrtui.tui.weights.jobs import DOING, Job
from cxrtui.tui.weights.places import clean, megabytes
from cxrtui.tui.widgets.bars import bar

WINDOW = 5.0  # seconds over which the rate is averaged
SILENT = 3.0  # seconds without a byte after which the line says so
_NAME_MOST = 22


class Pace:
    """Measures bytes per second over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, here: int, now: float) -> None:
        """Record that there were `here` bytes at `now`."""
        if self._seen and here < self._seen[-1][1]:  # the fetch began again
            self._seen.clear()
        if not self._seen or here != self._seen[-1][1]:
            self._seen.append((now, here))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW:
            self._seen.popleft()

    def rate(self, now: float) -> float:
        """Return bytes per second; 0 if it is too early to say."""
        if len(self._seen) < 2 or now - self._seen[0][0] < 0.5:
            return 0.0
        return (self._seen[-1][1] - self._seen[0][1]) / (now - self._seen[0][0])

    def silent(self, now: float) -> float:
        """Return the seconds since the last byte came."""
        return now - self._seen[-1][0] if self._seen else 0.0


class JobLine(Static):
    """Shows the running job; it is hidden if there is none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._pace = Pace()
        self._begun = 0.0

    def show(self, job: Job | None) -> None:
        """Show the progress of `job`."""
        self.display = job is not None and not job.ended
        if job is None or job.ended:
            return
        if job.begun != self._begun:
            self._begun, self._pace = job.begun, Pace()
        now = time.monotonic()
        if job.total:
            self._pace.see(job.here, now)
        self.update(self._content(job, now), layout=False)

    def _content(self, job: Job, now: float) -> Text:
        name = Text(clean(job.name))
        name.truncate(_NAME_MOST, overflow="ellipsis")
        doing = "↓" if job.kind == "fetch" else DOING[job.kind]
        head = Text(f"{doing} {name.plain} ", style="bold", no_wrap=True, overflow="ellipsis")
        if job.stopping:
            return head.append("cancelling… a silent connection takes some seconds", style=f"not bold {WARN}")
        tail = self._tail(job, now)
        if job.total and job.here < job.total:
            room = self.size.width - head.cell_len - len(tail) - 1
            if room >= 6:
                head.append_text(bar(job.here / job.total, room, BUSY)).append(" ")
        return head.append(tail, style="not bold")

    def _tail(self, job: Job, now: float) -> str:
        since = duration(now - job.begun)
        if job.kind == "check" and job.total:
            return f"{job.here} of {job.total} read"
        if job.kind != "fetch":
            return f"reading every key… {since}" if job.kind == "port" else "…"
        if not job.total:
            return f"{megabytes(job.here)}…" if job.here else f"asking the hub… {since}"
        if job.here >= job.total:
            return f"{megabytes(job.total)} are here; reading every key… {duration(self._pace.silent(now))}"
        parts = [f"{job.here / 1e6:.1f} of {megabytes(job.total)}" if job.total >= 1e6 else
                 f"{job.here / 1e3:.1f} of {megabytes(job.total)}"]  # fmt: skip
        rate, silent = self._pace.rate(now), self._pace.silent(now)
        if silent > SILENT:
            parts.append(f"nothing came for {duration(silent)}")
        elif rate:
            parts += [f"{megabytes(rate)}/s", f"{duration((job.total - job.here) / rate)} left"]
        return " · ".join(parts)
