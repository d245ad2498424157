"""What the hosts of one run say of themselves, in small files in the run's folder, which all of them share.

Each host writes `host-<number>.json` alone, again and again while it lives: that is its heartbeat. The lowest host that
lives writes `hosts.json`, which says who takes part. A file is read as a whole each time, because a shared folder
shows a new content when a file is opened. Clocks of hosts differ, so a reader notes when a beat changed by its own,
and leaves out the time in which it was stopped itself, as a scheduler stops all processes of a job that it suspends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxrtui.clock import Clock
from cxrtui.errors import EXIT_FAULT
from cxrtui.files import read_text, write_atomic

MARK = "host"
"""With this word the names of the files of this module begin."""
_MOST = 1 << 20  # bytes of a file at most


@dataclass(frozen=True)
class Place:
    """The place of a process among those that train one run together.

    Attributes:
        process: its number, from 0.
        processes: how many there are.
        coordinator: the address ``HOST:PORT`` at which process 0 waits for the others; empty if there are none.
    """

    process: int = 0
    processes: int = 1
    coordinator: str = ""


@dataclass(frozen=True)
class Report:
    """What a host says of itself.

    Attributes:
        host: its number.
        node: the name of the machine.
        token: differs each time that it is ready to train.
        beat: grows while it lives.
        ready: whether it waits for the others.
        of: the token with which its latest training that ended began; the four fields below are of that one.
        ended: how that ended, a word of `SURENESS` or ``over`` or ``killed``; empty if none has ended.
        why: what is known of that, a clause or a sentence.
        code: the exit code.
        step: the last one of that training in the log; -1 if the log has nothing of it.
    """

    host: int
    node: str = ""
    token: str = ""
    beat: int = 0
    ready: bool = False
    of: str = ""
    ended: str = ""
    why: str = ""
    code: int = 0
    step: int = -1

    @property
    def name(self) -> str:
        """The host as messages call it."""
        return f"host {self.host} ({self.node})" if self.node else f"host {self.host}"


SURENESS = ("silent", "died", "error", "aborted", "fault", "cut")
"""How a host can fail, the causes before what follows from them on other hosts: nothing is heard of it, its process was
ended, its films or settings cannot be used, its process ended itself, it met another error, its connection was cut."""
CAUSES = SURENESS[:3]


def is_of_hosts(name: str) -> bool:
    """Return whether a file of a run's folder is a report or the roster, which mean something while the hosts train."""
    return name.startswith((f"{MARK}-", f"{MARK}s.")) and name.endswith(".json")


def host_file(folder: Path, host: int) -> Path:
    """Return the file of a host in the folder of a run."""
    return folder / f"{MARK}-{host}.json"


def write(folder: Path, report: Report) -> None:
    """Write the file of a host in place, which a shared folder shows sooner than a new file of the same name.

    Raises:
        OSError: the folder is gone, or the disk refuses.
    """
    host_file(folder, report.host).write_text(json.dumps(dataclasses.asdict(report)), encoding="utf-8")


def read(folder: Path, host: int) -> Report | None:
    """Return what a host said last; None if there is nothing, or if it is just being written."""
    try:
        body = json.loads(read_text(host_file(folder, host), _MOST))
        return Report(**body)
    except (OSError, ValueError, TypeError, RecursionError):
        return None


_ORPHANED = "its command was ended, and its training has stopped with a checkpoint"


def orphaned(folder: Path) -> str:
    """Return what the log says if the command of the host that writes the run is ended and its training lives on."""
    roster = read_roster(folder)
    report = roster and read(folder, roster.hosts[0])
    if not (roster and report):
        return f"A host is lost: {_ORPHANED}"
    return f"{report.name[0].upper()}{report.name[1:]} of {len(roster.tokens)} is lost: {_ORPHANED}"


def write_orphaned(folder: Path, code: int) -> None:
    """Say to the others in place of that command, which no longer does, how its training ended.

    Args:
        folder: of the run.
        code: of the training; the fault of a program means that the host is lost.
    """
    roster = read_roster(folder)
    report = roster and read(folder, roster.hosts[0])
    if report:
        word = "silent" if code == EXIT_FAULT else "over"
        lost = dataclasses.replace(report, beat=report.beat + 1, ready=False, of=report.token, ended=word,
                                   why=_ORPHANED, code=code)  # fmt: skip
        with contextlib.suppress(OSError):
            write(folder, lost)


@dataclass
class Watch:
    """Follows the reports of some hosts of a run.

    Attributes:
        silence: seconds without a beat after which a host counts as lost.
        tokens: with which the hosts began; endings of earlier trainings do not count.
        clock: of this process.
    """

    folder: Path
    hosts: Sequence[int]
    silence: float
    tokens: Mapping[int, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    _last: dict[int, Report] = field(default_factory=dict)
    _heard: dict[int, float] = field(default_factory=dict)
    _changes: dict[int, int] = field(default_factory=dict)

    def look(self) -> dict[int, Report]:
        """Return the latest report of each host; one that was silent too long has ended as ``silent``."""
        now = self.clock.now()
        for host in self.hosts:
            self._heard.setdefault(host, now)
            report = read(self.folder, host)
            if report is not None and report != self._last.get(host):
                self._heard[host], self._changes[host] = now, self._changes.get(host, 0) + 1
                self._last[host] = report
        return {host: self._of(host, now) for host in self.hosts}

    def fresh(self, host: int) -> bool:
        """Return whether the host has said something new since the first look; a file of an earlier run has not."""
        return self._changes.get(host, 0) > 1

    def _of(self, host: int, now: float) -> Report:
        report, waited = self._last.get(host, Report(host)), now - self._heard[host]
        if report.of != self.tokens.get(host, report.of):
            report = dataclasses.replace(report, ended="")
        if not report.ended and waited > self.silence:
            return dataclasses.replace(report, ended="silent", why=f"nothing was heard of it for {waited:.0f} s")
        return report


def cause(reports: Iterable[Report]) -> Report | None:
    """Return the report of the host that failed first, as far as the reports tell; None if none has failed."""
    failed = [report for report in reports if report.ended in SURENESS]
    return min(failed, key=lambda report: (SURENESS.index(report.ended), report.host), default=None)


def came_again(before: Report | None, now: Report) -> bool:
    """Return whether a host failed as it did `before`, at the same step, so that it would fail there once more.

    A process that dies may leave the log one line behind. A host that was silent trains no more, so this is of others.
    """
    if before is None or now.ended == "silent":
        return False
    return (before.host, before.ended) == (now.host, now.ended) and abs(before.step - now.step) <= 1


@dataclass(frozen=True)
class Roster:
    """Who trains together, as the lowest of them has decided.

    Attributes:
        tokens: of each host that takes part, by its number.
        coordinator: as in `Place`.
        resume: whether the run goes on from its checkpoint.
        settings: of the run, plain values.
    """

    tokens: Mapping[int, str]
    coordinator: str
    resume: bool
    settings: Mapping[str, Any]

    @property
    def hosts(self) -> list[int]:
        """The hosts that take part."""
        return sorted(self.tokens)

    def place(self, host: int) -> Place:
        """Return the place of a host."""
        return Place(self.hosts.index(host), len(self.tokens), self.coordinator)


def roster_file(folder: Path) -> Path:
    """Return the file of the roster in the folder of a run."""
    return folder / f"{MARK}s.json"


def write_roster(folder: Path, roster: Roster) -> None:
    """Write the roster.

    Raises:
        OSError: the folder is gone, or the disk refuses.
    """
    write_atomic(roster_file(folder), json.dumps(dataclasses.asdict(roster)))


def read_roster(folder: Path) -> Roster | None:
    """Return the roster; None if there is none."""
    try:
        body = json.loads(read_text(roster_file(folder), _MOST))
        return Roster(**{**body, "tokens": {int(host): token for host, token in body["tokens"].items()}})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
