"""A study: a search of settings on disk, which several processes and machines may work on.

::

    checkpoints/<study>/
        study.toml       what is searched, and the configuration that all trials share
        journal.log      Optuna's record of the trials, appended to by every worker
        splits.csv       the split of all trials; test is the same in each
        folds/           with `tune.folds`, a split file for each fold
        claims/          a lock for each trial under way, held by the worker that trains it
        workers/         a lock for each worker
        control          replaced atomically: the latest commands to all workers
        result.json      what the best configuration reached at the end
        outcome.json     how the last worker ended
    checkpoints/<study>-0007/        the run of a trial, an ordinary run
    checkpoints/<study>-best-0007-s1/     a training of trial 7, the best one, with another seed at the end
"""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import tomlkit

from cxrtui.disk import explained
from cxrtui.errors import UsageError
from cxrtui.files import NAME_RULE, is_name, is_there, write_atomic
from cxrtui.runs import control
from cxrtui.runs.folder import Run, is_run
from cxrtui.runs.listing import fresh_names
from cxrtui.search.plan import Plan as Plan
from cxrtui.search.plan import same_search as same_search
from cxrtui.settings import config as configs
from cxrtui.settings import tuning
from cxrtui.settings.tuning import TuneConfig
from cxrtui.settings_toml import add_settings

FILE = "study.toml"
_LONGEST_NAME = 64 - len("-best-100000-s100")  # the names of its runs may have 64
_OWN = re.compile(r"-(best-)?\d{4,6}(-[fs]\d+)*")  # what the name of a run of a trial has after the study's


@dataclass(frozen=True)
class Study:
    """The folder of a study."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """What is searched."""
        return self.folder / FILE

    @property
    def journal(self) -> Path:
        """Optuna's record of the trials."""
        return self.folder / "journal.log"

    @property
    def splits_file(self) -> Path:
        """The split of all trials."""
        return self.folder / "splits.csv"

    @property
    def result_file(self) -> Path:
        """What the best configuration reached at the end."""
        return self.folder / "result.json"

    @property
    def outcome_file(self) -> Path:
        """How the last worker ended."""
        return self.folder / "outcome.json"

    @property
    def control_file(self) -> Path:
        """The latest commands to all workers."""
        return self.folder / "control"

    @property
    def workers(self) -> Path:
        """The folder of the workers' locks."""
        return self.folder / "workers"

    def fold_file(self, fold: int) -> Path:
        """The split file of a fold, from 0."""
        return self.folder / "folds" / f"fold-{fold + 1}.csv"

    def claim(self, trial: int) -> Path:
        """The lock of the worker that trains a trial."""
        return self.folder / "claims" / f"{trial:04}"

    def run(self, name: str) -> Run:
        """Return a run of this study, which need not exist."""
        return Run(self.folder.parent / name)

    def trial_run(self, trial: int, part: str = "") -> Run:
        """Return the run of a trial; `part` tells trainings of one trial apart."""
        return self.run(f"{self.name}-{trial:04}{f'-{part}' if part else ''}")

    def read(self) -> Plan:
        """Return what the study searches.

        Raises:
            ConfigError: study.toml is missing or not valid.
        """
        own, space = tuning.read_file(self.file)
        return Plan(tuning.with_values(TuneConfig(), own), configs.load(self.file), space)

    def write(self, plan: Plan) -> None:
        """Write study.toml."""
        document = tomlkit.document()
        table = tomlkit.table()
        table.update(plan.tune.as_dict())
        vary = tomlkit.table()
        for item in plan.space:
            vary.add(tomlkit.items.SingleKey(item.key), item.text)
        table.add(tuning.VARY, vary)
        document.add(tuning.SECTION, table)
        add_settings(document, plan.base)
        write_atomic(self.file, tomlkit.dumps(document))

    def stop(self) -> None:
        """Ask all workers to stop; the trials under way go on later from their checkpoints.

        Raises:
            UsageError: the disk refuses.
        """
        control.ask(self.control_file, "stop")

    def extend(self, *, trials: int | None = None, hours: float | None = None, seeds: int | None = None) -> Plan:
        """Change how many trials, hours or trainings at the end the study takes, and return its plan.

        Raises:
            ConfigError: study.toml is not valid, or a number is outside its limits.
        """
        plan = self.read()
        values = {"trials": trials, "hours": hours, "seeds": seeds}
        given = {key: value for key, value in values.items() if value is not None}
        changed = replace(plan, tune=tuning.with_values(plan.tune, given))
        if changed != plan:
            self.write(changed)
        return changed


def is_study(folder: Path) -> bool:
    """Return whether `folder` is a study."""
    return is_there(folder / FILE)


def all_studies(checkpoints: Path) -> list[Study]:
    """Return the studies in `checkpoints`, the one that was worked on last first."""
    found = []
    with suppress(OSError):
        for folder in checkpoints.iterdir():
            if not folder.name.startswith(".") and is_study(folder):
                study = Study(folder)
                with suppress(OSError):
                    newest = study.journal if study.journal.exists() else study.file
                    found.append((newest.stat().st_mtime, study))
    return [study for _, study in sorted(found, key=lambda item: (-item[0], item[1].name))]


def find_study(checkpoints: Path, name: str) -> Study:
    """Return the study called `name`, or at the path `name`.

    Raises:
        UsageError: there is none; the message lists those that exist.
    """
    for folder in (checkpoints / name, Path(name)):
        if name and is_study(folder):
            return Study(folder.resolve())
    if name and is_run(checkpoints / name):
        raise UsageError(f"{name} is a run and no study; see it with: cxrtui runs show {name}")
    known = [study.name for study in all_studies(checkpoints)]
    raise UsageError(f"No study {name!r} in {checkpoints}; studies there: {', '.join(known[:5]) or 'none yet'}.")


class TakenError(UsageError):
    """A study of that name exists."""


def new_study(checkpoints: Path, name: str, plan: Plan) -> Study:
    """Create a study, which appears whole or not at all; without a name, its name is made from date and time.

    Raises:
        TakenError: a study has that name.
        UsageError: the name is taken by something else or not allowed, or the disk refuses.
    """
    if name and not (is_name(name) and len(name) <= _LONGEST_NAME):
        raise UsageError(f"A study's name holds {NAME_RULE.replace('64', str(_LONGEST_NAME))}, not {name!r}.")
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        for candidate in [name] if name else (f"tune-{word}" for word in fresh_names()):
            with suppress(FileExistsError):
                return _created(checkpoints.absolute(), candidate, plan)
    except OSError as error:
        raise UsageError(f"Cannot create a study in {checkpoints}: {explained(error)}.") from None
    if is_study(checkpoints / name):
        raise TakenError(f"Study {name} exists; go on with it (cxrtui tune --study {name}), or choose another name.")
    raise UsageError(f"{checkpoints / name} exists and is no study; choose another name.")


def _created(checkpoints: Path, name: str, plan: Plan) -> Study:
    """Create a study in a folder that gets its name at last.

    Raises:
        FileExistsError: something has that name.
        UsageError: there are runs whose names its trials would have.
        OSError: the disk refuses.
    """
    target = checkpoints / name
    if is_there(target):
        raise FileExistsError(errno.EEXIST, "it exists", str(target))
    if older := sorted(item.name for item in checkpoints.iterdir() if _OWN.fullmatch(item.name.removeprefix(name))):
        raise UsageError(f"Runs of an earlier study {name} are in {checkpoints} ({', '.join(older[:3])}"
                         f"{', …' if older[3:] else ''}); choose another name, or delete them: cxrtui runs delete "
                         f"{older[0]} …")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=checkpoints, ignore_cleanup_errors=True) as folder:
        whole = Path(folder) / name
        for part in ("claims", "workers"):
            (whole / part).mkdir(parents=True)
        Study(whole).write(plan)
        try:
            whole.rename(target)
        except OSError as error:
            if error.errno == errno.ENOTEMPTY:  # another process was faster
                raise FileExistsError(errno.EEXIST, "it exists", str(target)) from None
            raise
    return Study(target)


def delete(study: Study) -> None:
    """Remove the study's own folder; the runs of its trials stay.

    Raises:
        UsageError: a worker is at work, or the disk refuses.
    """
    try:
        shutil.rmtree(study.folder)
    except OSError as error:
        raise UsageError(f"Study {study.name} cannot be deleted: {explained(error)}.") from None
