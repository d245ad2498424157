"""One host of a run on several: starts the process that trains, says that it lives, and finds out which host died.

The process that trains cannot do this. JAX ends every process whose first process is gone, and a sum over all devices
waits for ever for one that is lost. So each host has this parent, which computes nothing; what parents say to each
other are small files in the run's folder (`runs.hosts`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cxrtui import runner
from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED, CxrtuiError, UsageError
from cxrtui.process.lost import NOT_MENDED, ended, happened, safe, why_it_ends
from cxrtui.process.parent import TrainingProcess
from cxrtui.runs import events, hosts
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.hosts import Place, Report, Roster, Watch
from cxrtui.settings import config
from cxrtui.settings.config import Config
from cxrtui.training import endings

OnEvent = Callable[[str, events.Event], None]

SILENCE = 30.0
"""Seconds without a sign of life after which a host counts as lost."""
COMING = 600.0
"""Seconds that the hosts wait for each other at first."""
AGAIN = 60.0
"""The same after a host was lost; the run then goes on with those that are there."""
PATIENT = 10.0
"""Seconds after which the user is told for whom a host waits."""
_BEAT, _GRACE, _SURE = 2.0, 5.0, 1.0
_TICK = 0.2
_SLOWER = 10.0
"""Seconds that a process may be silent longer than a host, as a library may hold up all of its threads."""


class _StoppedError(Exception):
    """A stop was requested before the training began."""


@dataclass
class Host:
    """One host of a run.

    Attributes:
        run: its folder, which the hosts share.
        place: of this host.
        settings: of the run; the first host's count.
        resume: go on from the latest checkpoint.
        restarts: how often the run goes on after a process or a host was lost; see `why_it_ends`.
        should_stop: called often; True stops the run with a checkpoint.
        on_line: called often by the host that writes the run, to show what its log has.
        skip_lines: takes what the log has as shown.
        on_event: called with a failure, if the log may not have it.
        say: shows a sentence to the user.
    """

    run: Run
    place: Place
    settings: Config
    resume: bool
    restarts: int
    should_stop: Callable[[], bool]
    on_line: Callable[[], None]
    skip_lines: Callable[[], object]
    on_event: OnEvent
    say: Callable[[str], None]
    silence: float = SILENCE
    coming: float = COMING
    again: float = AGAIN
    _report: Report = field(init=False)
    _beaten: float = 0.0
    _known: list[int] = field(default_factory=list)
    _before: Report | None = None  # what the run went on after

    def train(self) -> int:
        """Train to the end of the run, and return its exit code."""
        self._report = Report(self.place.process, socket.gethostname())
        self._known = list(range(self.place.processes))
        left, wait, needed = self.restarts, self.coming, True
        try:
            while True:
                roster = self._gather(wait, needed)
                lost = self._train_once(roster)
                if isinstance(lost, int):
                    failed = lost not in (EXIT_DONE, EXIT_STOPPED)
                    if failed and self.restarts and self.place.process == roster.hosts[0]:
                        self.say(f"{NOT_MENDED.capitalize()}.")
                    return lost
                why = why_it_ends(self._before, lost, self.restarts, left)
                self._known = [host for host in self._known if host != lost.host or lost.ended != "silent"]
                if self._decides(roster, lost):
                    code = self._tell(roster, lost, why, self.restarts - left + 1)
                    if why is not None:
                        return code
                elif why is not None:
                    return lost.code or EXIT_FAULT
                self._before, left, wait, needed = lost, left - 1, self.again, False
        except _StoppedError:
            return EXIT_STOPPED

    def _gather(self, wait: float, needed: bool) -> Roster:
        """Return who trains together, once all hosts are ready, or, unless all are needed, those that came in time.

        Raises:
            UsageError: a host that is needed has not come, the others go on without this one, or another process has
                its number.
        """
        self._report = dataclasses.replace(self._report, token=secrets.token_hex(8), ready=True)
        watch = Watch(self.run.folder, self._known, self.silence)
        begun, told = watch.clock.now(), False
        end = begun + wait
        self._beat(at_once=True)
        while True:
            self._check_number()
            self._beat(at_once=True)
            if self.should_stop():
                raise _StoppedError
            late = watch.clock.now() > end
            seen = watch.look()
            roster = hosts.read_roster(self.run.folder)
            if roster is not None and roster.tokens.get(self.place.process) == self._report.token:
                return roster
            ready = [host for host, report in seen.items() if report.ready and watch.fresh(host)]
            living = [host for host, report in seen.items() if report.ended != "silent" and watch.fresh(host)]
            if self.place.process == min(living, default=None) and (
                len(ready) == len(self._known) or (late and not needed)
            ):
                return self._enrol(seen, ready)
            absent = ", ".join(str(host) for host in self._known if host not in ready)
            if not told and absent and watch.clock.now() > begun + PATIENT:
                told = True
                self.say(f"Waiting for these of the {len(self._known)} hosts, {wait:.0f} s at most: {absent}.")
            if late and (needed or watch.clock.now() > end + self.silence):
                raise UsageError(
                    f"Of the {len(self._known)} hosts of run {self.run.name} these have not come within {wait:.0f} s: "
                    f"{absent}; check that they were started, and that {self.run.folder} is the same folder there."
                )
            time.sleep(_TICK)

    def _check_number(self) -> None:
        """Make sure that no other process writes the file of this host.

        Raises:
            UsageError: one does.
        """
        written = hosts.read(self.run.folder, self.place.process)
        if written is not None and written.token != self._report.token:
            raise UsageError(
                f"Another process ({written.node}) is number {self.place.process} of run {self.run.name} too; give "
                "each of them a --process of its own, or a run with another name."
            )

    def _enrol(self, seen: dict[int, Report], chosen: list[int]) -> Roster:
        """Write the roster of the `chosen` hosts and return it."""
        begun = is_run(self.run.folder)
        settings = config.load(self.run.config_file) if begun else self.settings
        if begun and self.resume:  # what the user gave with the resume counts the first time
            settings, self.resume = self.settings, False
        tokens = {host: seen[host].token for host in chosen}
        roster = Roster(tokens, self._address(), begun, settings.as_dict())
        hosts.write_roster(self.run.folder, roster)
        return roster

    def _address(self) -> str:
        """Return where the others find this host: as they were told, or by its name if the first host is lost."""
        if self.place.process == 0 or not self.place.coordinator:
            return self.place.coordinator
        host, _, port = self.place.coordinator.rpartition(":")
        first = hosts.read(self.run.folder, 0)
        same = first is not None and first.node == self._report.node
        return f"{host if same else self._report.node}:{port}"

    def _train_once(self, roster: Roster) -> int | Report:
        """Train until the run ends, and return its exit code; or the host that was lost."""
        place, own, settings = roster.place(self.place.process), self.place.process, _settings(roster)
        log = self.run.tail()
        log.to_end()
        stderr = None if place.process == 0 else self.run.folder / f"{hosts.MARK}-{own}.stderr.txt"
        process = TrainingProcess(self.run, settings, resume=roster.resume, place=place, stderr_file=stderr)
        watch, asked, lost_at = Watch(self.run.folder, roster.hosts, self.silence, roster.tokens), False, 0.0
        first, hung = roster.hosts[0], 0.0
        self._report = dataclasses.replace(self._report, ready=False)
        self._beat(at_once=True)
        while not process.ended():
            self._beat()
            if place.process == 0:
                self.on_line()
            if not asked and self.should_stop():
                asked = True
                self._stop(process, place)
            seen = watch.look()
            over = own != first and seen[first].ended == "over"
            closing = own == first and process.failed is not None  # the log has its end; the run is copied, perhaps
            failed = any(report.ended in hosts.SURENESS for host, report in seen.items() if host != own)
            if place.processes > 1 and process.silent > self.silence + _SLOWER:
                hung = process.silent
                process.kill()
            elif over or (failed and not closing):
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > _GRACE + (20.0 if over else 0.0):
                    process.kill()
        process.close_pipes()
        self._report = ended(self._report, process, place, log, killed=lost_at > 0, hung=hung)
        self._beat(at_once=True)
        if place.process == 0:
            self.on_line()
            if self._report.ended == "over":
                return self._report.code
        return self._find_out(watch, roster)

    def _stop(self, process: TrainingProcess, place: Place) -> None:
        """Have the first host stop the run."""
        if place.process == 0:
            process.stop()
        else:
            with contextlib.suppress(CxrtuiError):
                self.run.command("stop")

    def _find_out(self, watch: Watch, roster: Roster) -> int | Report:
        """Return the exit code of the run if the first host says that it is over, else the host that failed first."""
        own, first, sure_at, now = self.place.process, roster.hosts[0], 0.0, watch.clock.now
        end = now() + self.silence + _GRACE
        while True:
            self._beat()
            seen = {**watch.look(), own: self._report}
            if seen[first].ended == "over":
                return seen[first].code
            if self._report.ended == "over" and not seen[first].ended:  # the first host copies the run, perhaps
                end = now() + self.silence + _GRACE
            lost = hosts.cause(seen.values())
            if lost is not None and (lost.ended in hosts.CAUSES or all(report.ended for report in seen.values())):
                sure_at = sure_at or now()
                if now() - sure_at > _SURE:
                    return lost
            if now() > end:
                return lost or (self._report.code if self._report.ended == "over" else self._report)
            time.sleep(_TICK)

    def _decides(self, roster: Roster, lost: Report) -> bool:
        """Return whether this host is the lowest that is left, which writes to the log what has happened."""
        left = [host for host in roster.hosts if host != lost.host or lost.ended != "silent"]
        return self.place.process == left[0]

    def _tell(self, roster: Roster, lost: Report, why: str | None, number: int) -> int:
        """Write to the log which host was lost, and return the exit code of a run that ends with that.

        Args:
            roster: of the training that has ended.
            lost: the host.
            why: the run does not go on; see `why_it_ends`.
            number: of the restart that would follow.
        """
        code = lost.code if lost.ended == "error" else EXIT_FAULT
        if self.place.process:
            self.skip_lines()  # another host has shown them
        what = f"{lost.name[0].upper()}{lost.name[1:]} of {len(roster.hosts)} {happened(lost)}; {safe(self.run)}"
        hangs = lost.ended == "silent"  # it may hold the lock
        if why is None:
            message = f"{what}; the run goes on from there (restart {number} of {self.restarts})."
            self.say(message)
            with contextlib.suppress(CxrtuiError, OSError):
                runner.warn(self.run, events.Warned(code="host-lost", message=message), take_over=hangs)
        else:
            message = "; ".join(filter(None, [what, why, endings.again(self.run)])) + "."
            line, state = "", self.run.read()
            failed = events.Failed(error="HostLost", message=message, exit_code=code, step=state.step)
            with contextlib.suppress(CxrtuiError, OSError):
                if state.live or state.status == "empty":  # else its process died before it wrote a line
                    line = runner.record(self.run, _settings(roster), failed, take_over=hangs)
            self.on_event(line, failed)
        self.on_line()
        return code

    def _beat(self, *, at_once: bool = False) -> None:
        """Say that this host lives, and what it does."""
        if (now := time.monotonic()) - self._beaten > _BEAT or at_once:
            self._beaten = now
            self._report = dataclasses.replace(self._report, beat=self._report.beat + 1)
            with contextlib.suppress(OSError):  # the folder may come back
                hosts.write(self.run.folder, self._report)


def _settings(roster: Roster) -> Config:
    return config.resolve(config.flatten(dict(roster.settings), "the roster of the hosts"))
