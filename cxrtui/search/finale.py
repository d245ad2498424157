"""Trains the best configuration with other seeds, and evaluates each training once on the test films."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

from cxrtui.errors import EXIT_DONE
from cxrtui.runs import events
from cxrtui.runs.folder import Run
from cxrtui.runs.series import Drive, OnEvent, check_own, train
from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.result import Result, read_result
from cxrtui.search.study import Plan, Study
from cxrtui.search.trial import Part, StudyError, config_of, result
from cxrtui.settings.sections import EVALUATED
from cxrtui.statistics.spread import Spread


def finale(
    study: Study, plan: Plan, best: TrialRecord, tried: int, drive: Drive, should_stop: Callable[[], bool],
    on_event: OnEvent,
) -> Result | None:  # fmt: skip
    """Train the settings of `best` over `tune.seeds` seeds that no trial used, and write and return what they reached.

    Trainings that are done are not done again. None is returned if `should_stop` ended it.

    Raises:
        StudyError: a training failed.
    """
    runs = []
    for number in range(plan.tune.seeds):
        part = Part("", str(study.splits_file), plan.base.run.seed + plan.tune.repeats + number)
        run = study.run(f"{study.name}-best-{best.number:04}-s{number + 1}")
        failed: list[events.Failed] = []
        config = config_of(plan, best.settings, part, EVALUATED)
        check_own(run, config, "this study")
        if math.isnan(result(run, "loss", "test")):  # it has not been evaluated on test

            def heard(line: str, event: events.Event, failed: list[events.Failed] = failed) -> None:
                if isinstance(event, events.Failed):
                    failed.append(event)
                on_event(line, event)

            code = train(run, config, drive, should_stop, heard)
            if code != EXIT_DONE and not failed:
                return None
            if failed:
                raise StudyError(f"The best configuration (trial {best.number}) failed with seed {part.seed} in run "
                                 f"{run.name}: {failed[0].message}", code)  # fmt: skip
        runs.append(run)
    made = _summed_up(study, plan, best, tried, runs)
    made.write(study)
    return made


def _summed_up(study: Study, plan: Plan, best: TrialRecord, tried: int, runs: list[Run]) -> Result:
    values: dict[str, defaultdict[str, list[float]]] = {split: defaultdict(list) for split in EVALUATED}
    for run in runs:
        state = run.read()
        for split in EVALUATED:
            for name, value in state.evaluations[split].metrics.items():
                values[split][name].append(value)
    before = read_result(study)
    looks = 1 if before is None else max(1, before.looks + (before.trial != best.number))
    return Result(
        trial=best.number, tried=tried, objective=plan.tune.objective, settings=best.settings, promised=best.value,
        runs=tuple(run.name for run in runs), looks=looks,
        splits={split: {name: Spread(tuple(found)) for name, found in metrics.items()}
                for split, metrics in values.items()},
    )  # fmt: skip
