"""Makes configurations of trials: for the form, and for a training with another seed. Only threads call these."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from cxrtui.settings import listing
from cxrtui.settings.config import Config
from cxrtui.settings.sections import EVALUATED

if TYPE_CHECKING:
    from cxrtui.search.optuna_study import TrialRecord
    from cxrtui.search.snapshot import Snapshot


def texts_of(found: Snapshot, trial: TrialRecord) -> dict[str, str]:
    """Return the form's texts of a trial's configuration.

    Raises:
        ConfigError: its settings contradict each other.
    """
    from cxrtui.search.trial import configuration

    return listing.texts_of(configuration(found.plan, trial.settings))


def anew(found: Snapshot, trial: TrialRecord) -> tuple[str, int, Config]:
    """Return name, seed and configuration of the next training of a trial with a seed that nothing of the study had.

    The films are split as for all trials, and those of test are evaluated at the end.

    Raises:
        ConfigError: its settings contradict each other.
    """
    from cxrtui.search.trial import Part, config_of

    study, tune = found.study, found.plan.tune
    first = found.plan.base.run.seed + tune.repeats + tune.seeds
    for seed in itertools.count(first):
        name = f"{study.name}-{trial.number:04}-seed{seed}"
        if not study.run(name).folder.exists():
            break
    return name, seed, config_of(found.plan, trial.settings, Part("", str(study.splits_file), seed), EVALUATED)
