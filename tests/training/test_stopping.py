import math

import pytest

from cxrtui.runs.events import EarlyStopping
from cxrtui.settings.config import StopConfig
from cxrtui.training.stopping import Stopper


def after_all(stopper: Stopper, values: list[float]) -> tuple[Stopper, list[EarlyStopping]]:
    verdicts = []
    for epoch, value in enumerate(values, start=1):
        stopper, verdict = stopper.after(epoch, 10 * epoch, {stopper.config.metric: value})
        verdicts.append(verdict)
    return stopper, verdicts


def test_patience_counts_the_epochs_without_improvement() -> None:
    stopper, verdicts = after_all(Stopper(StopConfig("loss", patience=2)), [1.0, 0.5, 0.6, 0.7])
    assert [item.improved for item in verdicts] == [True, True, False, False]
    assert [item.patience_left for item in verdicts] == [2, 2, 1, 0]
    assert [item.stopping for item in verdicts] == [False, False, False, True]
    assert (stopper.best, stopper.best_epoch, stopper.best_step, stopper.stopping) == (0.5, 2, 20, True)


def test_a_higher_auroc_is_better_and_min_delta_must_be_passed() -> None:
    _, verdicts = after_all(Stopper(StopConfig("auroc", patience=5, min_delta=0.05)), [0.5, 0.54, 0.56, 0.6])
    assert [item.improved for item in verdicts] == [True, False, True, False]
    assert verdicts[-1].to_beat == pytest.approx(0.61)


def test_patience_zero_never_stops() -> None:
    stopper, verdicts = after_all(Stopper(StopConfig("loss", patience=0)), [1.0] + [2.0] * 50)
    assert not stopper.stopping
    assert verdicts[-1].best_epoch == 1


def test_nan_is_no_improvement_and_anything_beats_it() -> None:
    stopper, verdicts = after_all(Stopper(StopConfig("auroc", patience=9)), [math.nan, 0.6, math.nan])
    assert [item.improved for item in verdicts] == [False, True, False]
    assert stopper.best == 0.6


def test_a_restored_stopper_is_the_same() -> None:
    for values in ([], [1.0, 2.0], [math.nan]):
        stopper, _ = after_all(Stopper(StopConfig("loss", patience=3)), values)
        again = Stopper.restored(stopper.config, stopper.as_dict())
        assert repr(again) == repr(stopper)
