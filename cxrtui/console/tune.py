"""The output of ``cxrtui tune``: a search in this process, and what is known of a study."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tomlkit
from rich.table import Table

from cxrtui import RESEARCH_ONLY, strict_json
from cxrtui.console.progress import Printer, printer
from cxrtui.console.rich_text import PrintableConsole
from cxrtui.console.steered import StderrConsole, steered
from cxrtui.console.training import SeriesPrinter
from cxrtui.durations import duration
from cxrtui.errors import EXIT_DONE, EXIT_STOPPED, UsageError
from cxrtui.process import gpus
from cxrtui.process import worker as processes
from cxrtui.process.gpu_claims import claimed
from cxrtui.runner import drive
from cxrtui.runs.size import counted
from cxrtui.search import worker
from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.result import read_result
from cxrtui.search.snapshot import Snapshot, look
from cxrtui.search.study import Plan, Study
from cxrtui.search.trial import configuration
from cxrtui.search.worker import Worker
from cxrtui.settings.sections import EVALUATED
from cxrtui.settings.space import short
from cxrtui.settings_toml import add_settings

_POLL_SECONDS = 0.2
_PIPED = 400  # columns if no terminal limits them
_ENDS = {
    worker.FINISHED: "All trials are done.",
    worker.HOURS: "The hours are over; raise them or the trials to go on.",
    worker.ELSEWHERE: "Nothing is left for this worker; others still train.",
}


class _StudyPrinter(SeriesPrinter):
    """Prints a line for each trial that begins or ends, and the run under way as a bar."""

    def __init__(self, printing: Printer, plan: Plan) -> None:
        super().__init__(printing)
        self._plan = plan

    def on_begin(self, trial: TrialRecord, again: bool) -> None:
        """See `Listener`."""
        self._phase = f"trial {trial.number} of {self._plan.tune.trials}"
        word = " goes on" if again else ""
        self._printing.say(f"{self._phase}{word}: {settings_text(trial.settings)}")

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:
        """See `Listener`."""
        text = f"trial {trial.number} {_ended(trial, self._plan.tune.objective)}"
        if best is not None:
            text += f" · best {best.value:.4f} (trial {best.number})"
        levels = {"failed": "warning", "finished": "good" if best is trial or best == trial else "info"}
        self._printing.say(text, levels.get(trial.state, "info"))

    def on_finale(self, trial: TrialRecord, seeds: int) -> None:
        """See `Listener`."""
        self._phase = "best"
        others = counted(seeds, "other seed")
        self._printing.say(f"trial {trial.number} is the best; it is trained anew with {others}, and "
                           "each training is evaluated once on the test films")  # fmt: skip

    def wait(self, others: int) -> None:
        """Show that the trials under way elsewhere are waited for."""
        self._printing.show(f"waiting for {others} other worker{'s' if others > 1 else ''}", 0, 0)

    def say_died(self, study: Study, children: Sequence[subprocess.Popen[bytes]]) -> None:
        """Warn of workers that failed or were killed."""
        codes = [child.returncode for child in children if child.poll() not in (None, EXIT_DONE, EXIT_STOPPED)]
        if codes:
            words = ", ".join(f"exit code {code}" if code > 0 else f"signal {-code}" for code in codes)
            self._printing.say(f"{len(codes)} of the workers ended early ({words}); see {study.folder / 'worker.log'}",
                               "warning")  # fmt: skip


def settings_text(settings: Mapping[str, str]) -> str:
    """Return the settings of a trial as one line; numbers have four digits."""
    return " · ".join(f"{key.partition('.')[2]} {short(value)}" for key, value in settings.items())


def _ended(trial: TrialRecord, objective: str) -> str:
    match trial.state:
        case "finished":
            noise = trial.spread
            return f"{objective} {trial.value:.4f}" + ("" if math.isnan(noise) else f" ± {noise:.4f}")
        case state:
            return f"{state}: {trial.reason}" if trial.reason else state


def search(study: Study, workers: int, debug: bool = False) -> int:
    """Work on the study in this process, and in `workers` - 1 others that end with it; return the exit code.

    Each of several workers has its share of this machine's GPUs (`process.gpus`); one that is added to others has the
    GPUs that are free.

    Raises:
        CxrtuiError: the films cannot be used, no trial can be trained, or a file of the study is damaged.
    """
    del debug
    console = StderrConsole()
    shown = _StudyPrinter(printer(console, redirect=False), study.read())

    def work(should_stop: Callable[[], bool]) -> int:
        share = gpus.ADDED if workers == 1 and worker.at_work(study) else (0, workers)
        with claimed(study.folder, share) as own_gpus, _others(study, workers) as others:
            os.environ.update(own_gpus)  # JAX, which reads them at its first computation, has done none yet
            own = Worker(study, drive, should_stop, shown)
            reason = own.work()
            while reason == worker.ELSEWHERE and (left := _alive(others)):
                while _alive(others) == left and not should_stop():
                    shown.wait(left)
                    time.sleep(_POLL_SECONDS)
                # A worker that died left its trial, so this one looks again, and also once all have ended.
                reason = own.work()
            shown.say_died(study, others)
        if reason == worker.ELSEWHERE and read_result(study) is not None:
            reason = worker.FINISHED
        shown.close()
        return _said(console, study, reason)

    try:
        return steered(console, work, "stopping with a checkpoint … (Ctrl-C again ends at once)")
    finally:
        shown.close()


def _alive(children: Sequence[subprocess.Popen[bytes]]) -> int:
    return sum(child.poll() is None for child in children)


@contextlib.contextmanager
def _others(study: Study, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Give `count` - 1 more workers; those that are still at work at the end are asked to stop, and waited for."""
    children = [processes.start(study, owned=True, share=(index, count)) for index in range(1, count)]
    try:
        yield children
    finally:
        for child in children:
            with contextlib.suppress(OSError):
                child.stdin.close()  # type: ignore[union-attr]
            child.wait()


def _said(console: PrintableConsole, study: Study, reason: str) -> int:
    """Print how the work ended and what the user can do next; return the exit code."""
    if reason == worker.REQUESTED:
        console.print(f"Study {study.name} is stopped. Go on with: cxrtui --headless tune --study {study.name}",
                      markup=False, highlight=False, soft_wrap=True)  # fmt: skip
        return EXIT_STOPPED
    lines = [_ENDS[reason]]
    if (result := read_result(study)) is not None:
        lines.append(result.words)
    lines.append(f"Table: cxrtui tune show {study.name}    Configuration: cxrtui tune best {study.name} > cxrtui.toml")
    lines.append(RESEARCH_ONLY)
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return EXIT_DONE


def show(study: Study, as_json: bool) -> None:
    """Print what is known of a study: its trials, the best first, what decides, and the result.

    Raises:
        ConfigError, CheckpointError: a file of the study is damaged.
    """
    found = look(study)
    if as_json:
        print(strict_json.dumps(found.as_dict()))
        return
    tune, counts = found.plan.tune, found.counts
    print(f"study {study.name} · {tune.objective} on validation · {_counted(counts)} of {tune.trials} trials")
    print(_state(found))
    console = PrintableConsole()
    if not console.is_terminal:
        console = PrintableConsole(width=_PIPED)
    if found.trials:
        print()
        console.print(_trials(found))
    if found.importances:
        print("\nwhat decides whether a trial is among the best:")
        for key, share in found.importances.items():
            print(f"  {share:6.1%}  {key}")
    if found.result is not None:
        print(f"\n{found.result.words}")
        for split in EVALUATED:
            for name, values in found.result.splits.get(split, {}).items():
                print(f"  {split:<10} {name:<12} {values.text}")
    print(RESEARCH_ONLY)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"


def _state(found: Snapshot) -> str:
    """Return whether workers are at work, how long they still take, or how the last one ended."""
    if found.workers:
        left = f", about {duration(found.seconds_left)} left" if math.isfinite(found.seconds_left) else ""
        return f"{found.workers} worker{'s' if found.workers > 1 else ''} of this machine at work{left}"
    if found.outcome is not None and found.outcome.reason == "failed":
        return f"no worker is at work here; the last one failed: {found.outcome.message}"
    remaining = found.left + found.counts.get("stopped", 0)
    are = "trial is" if remaining == 1 else "trials are"
    todo = f"; {remaining} {are} left: cxrtui tune --study {found.study.name}" if remaining else ""
    return f"no worker is at work here{todo}"


def _trials(found: Snapshot) -> Table:
    table = Table(box=None, pad_edge=False)
    keys = [item.key for item in found.plan.space]
    for name in ("trial", found.plan.tune.objective, "±", "state", *(key.partition(".")[2] for key in keys)):
        table.add_column(name, overflow="fold")
    for trial in found.ranked:
        noise = trial.spread
        table.add_row(
            str(trial.number), "–" if math.isnan(trial.value) else f"{trial.value:.4f}",
            "" if math.isnan(noise) else f"{noise:.4f}", trial.state,
            *(short(trial.settings[key]) if key in trial.settings else "–" for key in keys),
        )  # fmt: skip
    return table


def list_studies(studies: Sequence[Study], as_json: bool) -> None:
    """Print a line for each study, the one that was worked on last first."""
    rows: list[dict[str, Any]] = []
    for study in studies:
        try:
            found = look(study)
        except Exception as error:
            rows.append({"study": study.name, "error": str(error)})
            continue
        best = found.best
        rows.append({
            "study": study.name, "trials": len(found.trials), "wanted": found.plan.tune.trials,
            "objective": found.plan.tune.objective, "best": None if best is None else best.value,
            "workers": found.workers,
        })  # fmt: skip
    if as_json:
        print(strict_json.dumps(rows))
        return
    for row in rows:
        if "error" in row:
            print(f"{row['study']}  {row['error']}")
            continue
        best_text = "–" if row["best"] is None else f"{row['best']:.4f}"
        at_work = f" · {row['workers']} at work" if row["workers"] else ""
        print(
            f"{row['study']}  {row['trials']} of {row['wanted']} trials · best {row['objective']} {best_text}{at_work}"
        )
    if not rows:
        print("No studies yet; begin one with: cxrtui tune --data FOLDER", file=sys.stderr)


def print_best(study: Study) -> None:
    """Print the configuration of the best trial as TOML.

    Raises:
        UsageError: no trial has finished.
    """
    found = look(study)
    if found.best is None:
        raise UsageError(f"No trial of study {study.name} has finished yet; see: cxrtui tune show {study.name}")
    print(best_toml(found), end="")


def best_toml(found: Snapshot) -> str:
    """Return the configuration of the best trial as TOML, without what belongs to the trial alone.

    Raises:
        ValueError: no trial has finished.
    """
    if found.best is None:
        raise ValueError("no trial has finished")
    settings = configuration(found.plan, found.best.settings)
    value = f"{found.plan.tune.objective} {found.best.value:.4f}"
    document = tomlkit.document()
    document.add(tomlkit.comment(f"Trial {found.best.number} of study {found.study.name}: {value} on validation"))
    add_settings(document, settings)
    return tomlkit.dumps(document)
