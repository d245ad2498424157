"""Says how the training process of a host ended, which host was lost, and whether the run goes on after that."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time

from cxrtui.errors import EXIT_FAULT
from cxrtui.process.parent import TrainingProcess
from cxrtui.runs import events, hosts
from cxrtui.runs.folder import Run
from cxrtui.runs.hosts import Place, Report
from cxrtui.runs.tail import EventTail
from cxrtui.training import endings

NOT_MENDED = "a restart would not mend this, as it does the death of a process or of a host"


def why_it_ends(before: Report | None, lost: Report, restarts: int, left: int) -> str | None:
    """Return None if the run goes on after a host was lost, else a clause that says why not; all hosts find the same.

    Films, settings or weights that cannot be used are no better the next time, nor is what has happened twice at one
    step.

    Args:
        before: what the run went on after the last time.
        lost: the host.
        restarts: how often it may.
        left: how often it still may.
    """
    if not restarts:
        return ""
    if lost.ended == "error":
        return NOT_MENDED
    if hosts.came_again(before, lost):
        return "it has happened at this step before, so that there is no further restart"
    return None if left else "there is no restart left"


def _last_step(log: EventTail) -> int:
    """Return the last step in what the log has more than before; -1 if there is none."""
    steps = [event.step for event in log.poll() if isinstance(event, (events.StepDone, events.Resumed))]
    return steps[-1] if steps else -1


def ended(
    report: Report, process: TrainingProcess, place: Place, log: EventTail, *, killed: bool, hung: float
) -> Report:
    """Return the report of a host whose process has ended.

    Args:
        report: the one before.
        process: it.
        place: among the processes.
        log: was at the end of the log when the process began.
        killed: whether that was because of another host.
        hung: for how many seconds the process had not answered when it was killed for that; else 0.
    """
    report = dataclasses.replace(report, of=report.token, why="", code=0, step=_last_step(log))
    if process.fault:
        word = "cut" if endings.is_cut(process.fault) else "fault"
        return dataclasses.replace(report, ended=word, why=process.fault, code=EXIT_FAULT)
    if process.code is not None:
        if place.process and process.failed is not None:
            return dataclasses.replace(report, ended="error", why=process.failed[1].message, code=process.code)
        return dataclasses.replace(report, ended="over", code=process.code)
    if killed and not hung:
        return dataclasses.replace(report, ended="killed", code=EXIT_FAULT)
    word = "aborted" if process.aborted else "died"
    why = f"did not answer for {hung:.0f} s" if hung else process.how_died()
    return dataclasses.replace(report, ended=word, why=why, code=EXIT_FAULT)


def happened(lost: Report) -> str:
    """Return what happened to the host, to follow its name."""
    match lost.ended:
        case "silent":
            return f"is lost: {lost.why}"
        case "died" | "aborted":
            return f"is lost: its process {lost.why}"
        case "killed" | "over":
            return "was ended because another one had failed, which has not said why"
        case _:
            return f"has failed: {lost.why.rstrip('.')}"


def safe(run: Run) -> str:
    """Return a clause that names the checkpoint to go on from, and how old it is."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        newest = max((item for item in os.scandir(run.state) if item.name.isdecimal()), key=lambda item: int(item.name))
        return f"the checkpoint of step {newest.name}, {time.time() - newest.stat().st_mtime:.0f} s old, is safe"
    return endings.safe(run)
