"""Chooses the settings of a new trial from the trials before it, and how trials are pruned, by Optuna's algorithms.

The sampler of a trial is made anew from the study's seed and the number of trials before it, so that what it chooses
depends on the trials in the journal and on nothing that a process keeps: one worker that is stopped and started again
chooses as one that was never stopped. With several workers the order in which trials end decides too.

A trial is chosen as a whole, in memory, before any of it is recorded, so that a process that is killed leaves a whole
trial or none.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from cxrtui.search.plan import Plan
from cxrtui.settings.space import SearchedSetting
from cxrtui.settings.tuning import TuneConfig

optuna.logging.set_verbosity(optuna.logging.ERROR)

_ETA = 3


def maximised(tune: TuneConfig) -> bool:
    """Return whether a higher value of the objective is better."""
    return tune.objective != "loss"


def parts(tune: TuneConfig) -> int:
    """Return the number of trainings of a trial."""
    return max(1, tune.folds) * tune.repeats


def chosen(plan: Plan, trials: Sequence[FrozenTrial]) -> FrozenTrial:
    """Return a new running trial with a value for each searched setting, by what `trials` have reached."""
    earlier = [trial for trial in trials if trial.state != TrialState.WAITING]
    scratch = optuna.create_study(sampler=_sampler(plan.tune, len(earlier)), pruner=NopPruner(),
                                  direction=direction(plan))  # fmt: skip
    scratch.add_trials(earlier)
    asked = scratch.ask({item.key: _distribution(item) for item in plan.space})
    return create_trial(state=TrialState.RUNNING, params=asked.params, distributions=asked.distributions)


@contextlib.contextmanager
def not_experimental() -> Iterator[None]:
    """Leave out the warnings of older versions of Optuna that parts are experimental, which newer ones are not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def direction(plan: Plan) -> Literal["minimize", "maximize"]:
    """Return whether the objective is maximised, in Optuna's words."""
    return "maximize" if maximised(plan.tune) else "minimize"


def _sampler(tune: TuneConfig, before: int) -> BaseSampler:
    seed = int(np.random.SeedSequence([tune.seed, before]).generate_state(1)[0])
    if tune.sampler == "random":
        return RandomSampler(seed=seed)
    with not_experimental():
        return TPESampler(seed=seed, n_startup_trials=tune.startup, multivariate=True, constant_liar=True)


def pruner(plan: Plan) -> BasePruner:
    """Return the pruner; its resource is the epochs of all trainings of a trial (Li et al., 2018, arXiv:1603.06560)."""
    total = plan.base.optim.epochs * parts(plan.tune)
    least = max(1, total // _ETA**2)
    match plan.tune.pruner:
        case "hyperband":
            return HyperbandPruner(min_resource=least, max_resource=total, reduction_factor=_ETA)
        case "halving":
            return SuccessiveHalvingPruner(min_resource=least, reduction_factor=_ETA)
        case "median":
            return MedianPruner(n_startup_trials=max(1, plan.tune.startup // 2), n_warmup_steps=least)
        case _:
            return NopPruner()


def _distribution(item: SearchedSetting) -> BaseDistribution:
    if item.choices:
        return CategoricalDistribution(item.choices)
    if item.whole:
        return IntDistribution(int(item.low), int(item.high), log=item.log)
    return FloatDistribution(item.low, item.high, log=item.log)
